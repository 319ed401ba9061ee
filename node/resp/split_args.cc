#include "node/resp/split_args.h"

#include <utility>

namespace slotmesh::node {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line.substr(0, line.find('\0'))) {}

  // The next word; false at the end, or in failed() state.
  bool Next(std::string* word) {
    while (pos_ < line_.size() && IsSpace(line_[pos_])) ++pos_;
    if (pos_ == line_.size()) return false;
    word->clear();
    while (pos_ < line_.size()) {
      const char c = line_[pos_];
      if (c == ' ' || c == '\n' || c == '\r' || c == '\t') break;
      ++pos_;
      if (c == '"' || c == '\'') {  // A closing quote ends the word.
        failed_ = !(c == '"' ? DoubleQuoted(word) : SingleQuoted(word)) ||
                  (pos_ < line_.size() && !IsSpace(line_[pos_]));
        return !failed_;
      }
      word->push_back(c);
    }
    return true;
  }
  bool failed() const { return failed_; }

 private:
  char At(size_t i) const { return i < line_.size() ? line_[i] : '\0'; }

  // Both read on to behind the closing quote; false without one.
  bool DoubleQuoted(std::string* word) {
    while (pos_ < line_.size()) {
      const char c = line_[pos_++];
      if (c == '"') return true;
      if (c != '\\' || pos_ == line_.size()) {
        word->push_back(c);
        continue;
      }
      const int high = HexDigit(At(pos_ + 1));
      const int low = HexDigit(At(pos_ + 2));
      if (line_[pos_] == 'x' && high >= 0 && low >= 0) {
        word->push_back(static_cast<char>(high * 16 + low));
        pos_ += 3;
      } else {
        word->push_back(Unescape(line_[pos_++]));
      }
    }
    return false;
  }
  bool SingleQuoted(std::string* word) {
    while (pos_ < line_.size()) {
      const char c = line_[pos_++];
      if (c == '\'') return true;
      if (c == '\\' && At(pos_) == '\'') {
        word->push_back('\'');
        ++pos_;
      } else {
        word->push_back(c);
      }
    }
    return false;
  }

  std::string_view line_;
  size_t pos_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<std::vector<std::string>> SplitArgs(std::string_view line) {
  Splitter splitter(line);
  std::vector<std::string> words;
  std::string word;
  while (splitter.Next(&word)) words.push_back(std::move(word));
  if (splitter.failed()) return std::nullopt;
  return words;
}

std::string QuoteArg(std::string_view word) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : word) {
    const unsigned char u = static_cast<unsigned char>(c);
    switch (c) {
      case '\\':
      case '"':
        quoted += {'\\', c};
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '\a':
        quoted += "\\a";
        break;
      case '\b':
        quoted += "\\b";
        break;
      default:
        if (u >= 0x20 && u < 0x7f) {
          quoted += c;
        } else {
          quoted += {'\\', 'x', kHex[u >> 4], kHex[u & 15]};
        }
    }
  }
  quoted += '"';
  return quoted;
}

}  // namespace slotmesh::node
