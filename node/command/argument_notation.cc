#include "node/command/argument_notation.h"

#include <algorithm>
#include <array>
#include <utility>

namespace slotmesh::node {
namespace {

constexpr std::array<std::string_view, 6> kPlainTypes = {"string", "integer", "double",
                                                         "key",    "pattern", "unix-time"};
// Deeper nesting is no description of a command.
constexpr int kDepthMax = 16;

bool IsPlainType(std::string_view word) {
  return std::find(kPlainTypes.begin(), kPlainTypes.end(), word) != kPlainTypes.end();
}

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  // Arguments separated by `separator` up to `end` ('\0': the end of the text). False for a
  // mistake.
  bool List(char separator, char end, int depth, std::vector<Argument>* list) {
    if (depth > kDepthMax) return false;
    do {
      list->emplace_back();
      if (!One(depth, &list->back())) return false;
    } while (Take(separator));
    return end == '\0' ? rest_.empty() : Take(end);
  }

 private:
  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Up to the first character that is no part of a word. May be empty.
  std::string_view Word() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), IsWordCharacter);
    const std::string_view word(rest_.data(), end - rest_.begin());
    rest_.remove_prefix(word.size());
    return word;
  }

  // A token: a word, or anything in ''.
  bool Token(std::string_view* token) {
    if (!Take('\'')) {
      *token = Word();
      return !token->empty();
    }
    const size_t end = rest_.find('\'');
    if (end == std::string_view::npos) return false;
    *token = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool One(int depth, Argument* argument) {
    argument->optional = Take('[');
    const bool is_pure_token = Take('!');
    if (!(is_pure_token ? PureToken(argument) : Named(depth, argument))) return false;
    if (!Marks(argument)) return false;
    return !argument->optional || Take(']');
  }

  bool PureToken(Argument* argument) {
    argument->type = "pure-token";
    if (!Token(&argument->token)) return false;
    argument->name = Take('=') ? std::string(Word()) : Lower(argument->token);
    return !argument->name.empty();
  }

  bool Named(int depth, Argument* argument) {
    std::string_view word;
    const bool quoted = !rest_.empty() && rest_[0] == '\'';
    if (!Token(&word)) return false;
    if (Take('=')) {
      argument->token = word;
      word = Word();
    } else if (quoted) {
      return false;
    }
    argument->name = std::string(word);
    if (word.empty()) return false;
    if (Take('<')) {
      argument->type = "oneof";
      return List('|', '>', depth + 1, &argument->arguments);
    }
    if (Take('(')) {
      argument->type = "block";
      return List(' ', ')', depth + 1, &argument->arguments);
    }
    if (Take(':')) {
      argument->type = Word();
      return IsPlainType(argument->type);
    }
    argument->type = IsPlainType(word) ? word : "string";
    return true;
  }

  bool Marks(Argument* argument) {
    if (Take('#')) {
      if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') return false;
      argument->key_spec = rest_[0] - '0';
      rest_.remove_prefix(1);
    }
    if (Take('{')) {
      const size_t end = rest_.find('}');
      if (end == std::string_view::npos) return false;
      argument->display = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
    }
    if (Take('@') && (argument->since = Word()).empty()) return false;
    if (Take('~') && (argument->deprecated_since = Word()).empty()) return false;
    argument->multiple = Take('+');
    argument->multiple_token = argument->multiple && Take('+');
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<Argument>> ParseArguments(std::string_view notation) {
  std::vector<Argument> arguments;
  if (notation.empty()) return arguments;
  if (!Parser(notation).List(' ', '\0', 0, &arguments)) return std::nullopt;
  return arguments;
}

}  // namespace slotmesh::node
