#include "node/acl/selector.h"

#include <algorithm>
#include <optional>

#include "node/acl/texts.h"
#include "node/resp/glob.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using slots::KeyFlag;

// "%RW~pattern": the access, and how long what stands before the pattern is; absent if it is wrong.
struct KeyPrefix {
  AclAccess access = AclAccess::kNone;
  size_t size = 0;
};
std::optional<KeyPrefix> ReadKeyPrefix(std::string_view rule) {
  if (rule.starts_with('~')) return KeyPrefix{AclAccess::kBoth, 1};
  KeyPrefix prefix{AclAccess::kNone, 1};
  for (; prefix.size < rule.size(); ++prefix.size) {
    const char c = rule[prefix.size];
    if (c == '~' && prefix.access != AclAccess::kNone) {
      ++prefix.size;
      return prefix;
    }
    const AclAccess one = c == 'R' || c == 'r'   ? AclAccess::kRead
                          : c == 'W' || c == 'w' ? AclAccess::kWrite
                                                 : AclAccess::kNone;
    if (one == AclAccess::kNone || Covers(prefix.access, one)) return std::nullopt;
    prefix.access = prefix.access | one;
  }
  return std::nullopt;
}

std::string_view PrefixOf(AclAccess access) {
  switch (access) {
    case AclAccess::kRead:
      return "%R~";
    case AclAccess::kWrite:
      return "%W~";
    case AclAccess::kNone:
    case AclAccess::kBoth:
      return "~";
  }
  return "~";
}

}  // namespace

bool MatchesChannel(const std::vector<std::string>& patterns, std::string_view channel,
                    bool is_pattern) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return is_pattern ? pattern == channel : GlobMatches(pattern, channel);
  });
}

absl::Status AclSelector::Apply(std::string_view rule) {
  const auto is = [rule](std::string_view word) { return EqualsIgnoreCase(rule, word); };
  if (is("allkeys") || is("~*") || is("resetkeys")) {
    all_keys_ = !is("resetkeys");
    keys_.clear();
  } else if (is("allchannels") || is("&*") || is("resetchannels")) {
    all_channels_ = !is("resetchannels");
    channels_.clear();
  } else if (is("allcommands") || is("+@all") || is("nocommands") || is("-@all")) {
    commands_.BeginWith(is("allcommands") || is("+@all"));
  } else if (rule.starts_with('~') || rule.starts_with('%')) {
    return AddKeys(rule);
  } else if (rule.starts_with('&')) {
    return AddChannel(rule.substr(1));
  } else if (rule.starts_with('+') || rule.starts_with('-')) {
    return commands_.Add(rule[0] == '+', rule.substr(1));
  } else {
    return absl::InvalidArgumentError(kAclSyntax);
  }
  return absl::OkStatus();
}

absl::Status AclSelector::AddKeys(std::string_view rule) {
  if (all_keys_) return absl::InvalidArgumentError(kAclKeysAreAll);
  const std::optional<KeyPrefix> prefix = ReadKeyPrefix(rule);
  if (!prefix.has_value()) return absl::InvalidArgumentError(kAclSyntax);
  const std::string_view pattern = rule.substr(prefix->size);
  if (!IsAclWord(pattern)) return absl::InvalidArgumentError(kAclSyntax);
  const auto same = std::find_if(keys_.begin(), keys_.end(),
                                 [&](const KeyPattern& one) { return one.pattern == pattern; });
  if (same == keys_.end()) {
    keys_.push_back({prefix->access, std::string(pattern)});
  } else {
    same->access = same->access | prefix->access;
  }
  return absl::OkStatus();
}

absl::Status AclSelector::AddChannel(std::string_view pattern) {
  if (all_channels_) return absl::InvalidArgumentError(kAclChannelsAreAll);
  if (!IsAclWord(pattern)) return absl::InvalidArgumentError(kAclSyntax);
  if (std::find(channels_.begin(), channels_.end(), pattern) == channels_.end()) {
    channels_.emplace_back(pattern);
  }
  return absl::OkStatus();
}

AclVerdict AclSelector::Check(AclRequest& request) const {
  const AclRequest::Command& command = request.command();
  if (!command.is_for_anybody && !commands_.Allows(command.id, request.args())) {
    return {AclDenial::kCommand, 0};
  }
  if (!all_keys_) {
    for (const slots::KeyRef& key : request.keys()) {
      if (!AllowsKey(request.args()[key.word], AccessOf(key.flags))) {
        return {AclDenial::kKey, key.word};
      }
    }
  }
  if (!all_channels_) {
    for (const slots::KeyRef& channel : request.channels()) {
      if (!AllowsChannel(request.args()[channel.word], Has(channel.flags, KeyFlag::kPattern))) {
        return {AclDenial::kChannel, channel.word};
      }
    }
  }
  return {};
}

bool AclSelector::AllowsKey(std::string_view key, AclAccess access) const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& one) {
           return Covers(one.access, access) && GlobMatches(one.pattern, key);
         });
}

bool AclSelector::AllowsAnyKey(AclAccess access) const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& one) {
           return Covers(one.access, access) && one.pattern == "*";
         });
}

std::string AclSelector::DescribeKeys() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& one : keys_) {
    text += StrCat(text.empty() ? "" : " ", PrefixOf(one.access), one.pattern);
  }
  return text;
}

std::string AclSelector::DescribeChannels() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const std::string& one : channels_) text += StrCat(text.empty() ? "&" : " &", one);
  return text;
}

std::string AclSelector::Describe() const {
  std::string text;
  const auto add = [&text](std::string_view part) {
    if (!part.empty()) text += StrCat(part, " ");
  };
  add(DescribeKeys());
  if (!all_channels_) add("resetchannels");
  add(DescribeChannels());
  return text + DescribeCommands();
}

}  // namespace slotmesh::node
