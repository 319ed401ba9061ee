#include "node/acl/user.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_split.h"
#include "node/acl/password.h"
#include "node/acl/texts.h"
#include "slots/strings.h"

namespace slotmesh::node {

AclUser::AclUser(std::string name, const AclEnvironment& environment)
    : name_(std::move(name)), environment_(&environment), selectors_{AclSelector(environment)} {}

std::vector<std::string_view> AclUser::flags() const {
  std::vector<std::string_view> flags = {enabled_ ? "on" : "off"};
  if (no_password_) flags.push_back("nopass");
  flags.push_back(skips_sanitizing_ ? "skip-sanitize-payload" : "sanitize-payload");
  return flags;
}

absl::Status AclUser::Apply(std::string_view rule) {
  const auto is = [rule](std::string_view word) { return EqualsIgnoreCase(rule, word); };
  absl::Status status;
  if (rule.empty()) return status;
  if (is("on") || is("off")) {
    enabled_ = is("on");
  } else if (is("skip-sanitize-payload") || is("sanitize-payload")) {
    skips_sanitizing_ = is("skip-sanitize-payload");
  } else if (is("nopass") || is("resetpass")) {
    no_password_ = is("nopass");
    passwords_.clear();
  } else if (is("reset")) {
    Reset();
  } else if (is("clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (std::string_view("><#!").find(rule[0]) != std::string_view::npos) {
    status = ApplyPassword(rule);
  } else if (rule.starts_with('(') && rule.ends_with(')')) {
    status = AddSelector(rule.substr(1, rule.size() - 2));
  } else {
    status = selectors_[0].Apply(rule);
  }
  unrestricted_ = std::any_of(selectors_.begin(), selectors_.end(),
                              [](const AclSelector& one) { return one.unrestricted(); });
  return status;
}

absl::Status AclUser::ApplyPassword(std::string_view rule) {
  const char sign = rule[0];
  const std::string_view text = rule.substr(1);
  const bool hashed = sign == '#' || sign == '!';
  if (hashed && !IsPasswordHash(text)) return absl::InvalidArgumentError(kAclBadHash);
  const std::string hash = hashed ? std::string(text) : HashOfPassword(text);
  const auto found = std::find(passwords_.begin(), passwords_.end(), hash);
  if (sign == '>' || sign == '#') {
    if (found == passwords_.end()) passwords_.push_back(hash);
    no_password_ = false;
    return absl::OkStatus();
  }
  if (found == passwords_.end()) return absl::InvalidArgumentError(kAclNoSuchPassword);
  passwords_.erase(found);
  return absl::OkStatus();
}

// No word within may end as the whole does: written into a file, it would seem to be the end.
absl::Status AclUser::AddSelector(std::string_view rules) {
  AclSelector selector(*environment_);
  for (const absl::string_view word :
       absl::StrSplit(ToAbsl(rules), absl::ByAnyChar(" \t\r\n\v\f"), absl::SkipEmpty())) {
    if (word.back() == ')') return absl::InvalidArgumentError(kAclSyntax);
    const absl::Status status = selector.Apply(ToStd(word));
    if (!status.ok()) return status;
  }
  selectors_.push_back(std::move(selector));
  return absl::OkStatus();
}

void AclUser::Reset() {
  enabled_ = no_password_ = skips_sanitizing_ = false;
  passwords_.clear();
  selectors_.assign(1, AclSelector(*environment_));
}

void AclUser::TakeRules(const AclUser& other) {
  std::string name = std::move(name_);
  *this = other;
  name_ = std::move(name);
}

bool AclUser::Accepts(std::string_view password) const {
  if (!enabled_) return false;
  if (no_password_) return true;
  const std::string hash = HashOfPassword(password);
  bool right = false;
  for (const std::string& one : passwords_) right = HashesEqual(one, hash) || right;
  return right;
}

AclVerdict AclUser::Check(AclRequest& request) const {
  if (unrestricted_) return {};
  AclVerdict furthest{AclDenial::kCommand, 0};
  for (const AclSelector& selector : selectors_) {
    const AclVerdict verdict = selector.Check(request);
    if (verdict.allowed()) return verdict;
    if (verdict.denial > furthest.denial ||
        (verdict.denial == furthest.denial && verdict.word > furthest.word)) {
      furthest = verdict;
    }
  }
  return furthest;
}

bool AclUser::AllowsKey(std::string_view key, AclAccess access) const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [&](const AclSelector& one) { return one.AllowsKey(key, access); });
}

bool AclUser::AllowsChannel(std::string_view channel, bool is_pattern) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const AclSelector& one) {
    return one.AllowsChannel(channel, is_pattern);
  });
}

bool AclUser::AllowsWithAnyKey(AclRequest& request, AclAccess access) const {
  return unrestricted_ ||
         std::any_of(selectors_.begin(), selectors_.end(), [&](const AclSelector& one) {
           return one.AllowsAnyKey(access) && one.Check(request).allowed();
         });
}

std::string AclUser::Describe() const {
  std::string text;
  for (const std::string_view flag : flags()) text += StrCat(flag, " ");
  for (const std::string& hash : passwords_) text += StrCat("#", hash, " ");
  text += selectors_[0].Describe();
  for (size_t i = 1; i < selectors_.size(); ++i) {
    text += StrCat(" (", selectors_[i].Describe(), ")");
  }
  return text;
}

absl::StatusOr<std::vector<std::string>> JoinSelectors(absl::Span<const std::string_view> rules) {
  std::vector<std::string> joined;
  bool open = false;
  std::string_view begin;
  for (const std::string_view rule : rules) {
    if (open) {
      joined.back() += StrCat(" ", rule);
    } else {
      joined.emplace_back(rule);
      begin = rule;
    }
    open = (open || rule.starts_with('(')) && !rule.ends_with(')');
  }
  if (!open) return joined;
  return absl::InvalidArgumentError(
      StrCat("Unmatched parenthesis in acl selector starting at '", begin, "'."));
}

absl::StatusOr<AclUser> WithRules(const AclUser& user, absl::Span<const std::string_view> rules) {
  const absl::StatusOr<std::vector<std::string>> joined = JoinSelectors(rules);
  if (!joined.ok()) return joined.status();
  AclUser changed = user;
  for (const std::string& rule : *joined) {
    const absl::Status status = changed.Apply(rule);
    if (status.ok()) continue;
    return absl::InvalidArgumentError(
        StrCat("Error in ACL SETUSER modifier '", rule, "': ", ToStd(status.message())));
  }
  return changed;
}

}  // namespace slotmesh::node
