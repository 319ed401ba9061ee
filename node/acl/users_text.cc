#include "node/acl/users_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "node/acl/texts.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNothingChanged =
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

// Of words that single spaces separate, as the file is written.
std::vector<std::string_view> WordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(ToStd(absl::StripAsciiWhitespace(ToAbsl(line.substr(0, end)))));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

class Reader {
 public:
  Reader(std::string_view file, const AclEnvironment& environment)
      : file_(file), environment_(environment) {}

  void ReadLine(std::string_view line, size_t number);
  std::vector<AclUser> users;
  std::string errors;

 private:
  void ApplyRules(AclUser& user, absl::Span<const std::string_view> rules, std::string_view place);

  std::string_view file_;
  const AclEnvironment& environment_;
};

void Reader::ReadLine(std::string_view line, size_t number) {
  const std::vector<std::string_view> words = WordsOf(line);
  if (words.empty()) return;
  const std::string place = StrCat(file_, ":", number);
  if (words[0] != "user" || words.size() < 2) {
    errors += StrCat(place, " should start with user keyword followed by the username. ");
    return;
  }
  const std::string_view name = words[1];
  if (!IsAclWord(name)) {
    errors += StrCat(place, ": username '", name, "' contains invalid characters. ");
    return;
  }
  if (std::any_of(users.begin(), users.end(), [&](const AclUser& u) { return u.name() == name; })) {
    errors += StrCat("WARNING: Duplicate user '", name, "' found on line ", number, ". ");
    return;
  }
  users.emplace_back(std::string(name), environment_);
  ApplyRules(users.back(), absl::MakeConstSpan(words).subspan(2), place);
}

// Commands that are not known are all named; of other errors the first one, and without its rule,
// which may be a secret.
void Reader::ApplyRules(AclUser& user, absl::Span<const std::string_view> rules,
                        std::string_view place) {
  const absl::StatusOr<std::vector<std::string>> joined = JoinSelectors(rules);
  if (!joined.ok()) {
    errors += StrCat(place, ": Unmatched parenthesis in selector definition. ");
    return;
  }
  bool told = false;
  for (const std::string& rule : *joined) {
    const absl::Status status = user.Apply(rule);
    if (status.ok()) continue;
    if (absl::IsNotFound(status)) {
      errors += StrCat(place, ": Error in applying operation '", rule,
                       "': ", ToStd(status.message()), ". ");
    } else if (!std::exchange(told, true)) {
      errors += StrCat(place, ": ", ToStd(status.message()), ". ");
    }
  }
}

}  // namespace

absl::StatusOr<std::vector<AclUser>> ReadUsers(std::string_view text, std::string_view file,
                                               const AclEnvironment& environment) {
  Reader reader(file, environment);
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    reader.ReadLine(ToStd(absl::StripAsciiWhitespace(line)), ++number);
  }
  if (reader.errors.empty()) return std::move(reader.users);
  return absl::InvalidArgumentError(StrCat(reader.errors, kNothingChanged));
}

std::string WriteUsers(const AclUsers& users) {
  std::string text;
  for (const auto& [name, user] : users.all()) {
    text += StrCat("user ", name, " ", user->Describe(), "\n");
  }
  return text;
}

}  // namespace slotmesh::node
