// AccessControl: changes of users, and the files that they are kept in.
#include <string.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "node/acl/users_text.h"
#include "node/command/access_control.h"
#include "node/command/engine.h"
#include "node/config/replace_file.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// The channels that the rules allow if they take any away from whoever had the old ones; nothing if
// they do not. All channels are none that could be taken away.
std::optional<std::vector<std::string>> ChannelsLeft(const AclUser& old, const AclUser& rules) {
  std::vector<std::string> left;
  for (const AclSelector& selector : rules.selectors()) {
    if (selector.all_channels()) return std::nullopt;
    left.insert(left.end(), selector.channels().begin(), selector.channels().end());
  }
  for (const AclSelector& selector : old.selectors()) {
    if (selector.all_channels()) return left;
    for (const std::string& channel : selector.channels()) {
      if (std::find(left.begin(), left.end(), channel) == left.end()) return left;
    }
  }
  return std::nullopt;
}

}  // namespace

bool AccessControl::HasForeignChannels(const Client& client,
                                       const std::vector<std::string>& allowed) {
  if (client.subscriptions == nullptr) return false;
  const auto& names = client.subscriptions->names;
  for (size_t kind = 0; kind < names.size(); ++kind) {
    const bool pattern = kind == static_cast<size_t>(ChannelKind::kPattern);
    for (const std::string_view name : names[kind]) {
      if (!MatchesChannel(allowed, name, pattern)) return true;
    }
  }
  return false;
}

void AccessControl::Change(AclUser& user, const AclUser& rules) {
  if (const auto left = ChannelsLeft(user, rules); left.has_value()) {
    clients_.ForEach([&](Client& client) {
      if (client.user.get() == &user && HasForeignChannels(client, *left)) CloseSoon(client);
    });
  }
  user.TakeRules(rules);
}

void AccessControl::Abandon(const AclUser& user) {
  clients_.ForEach([&](Client& client) {
    if (client.user.get() == &user) Dismiss(client);
  });
}

absl::Status AccessControl::SetUser(std::string_view name,
                                    absl::Span<const std::string_view> rules) {
  const absl::StatusOr<AclUser> changed = users_.WithRules(name, rules);
  if (!changed.ok()) return changed.status();
  if (const std::shared_ptr<AclUser> user = users_.Find(name); user != nullptr) {
    Change(*user, *changed);
  } else {
    users_.Put(*changed);
  }
  return absl::OkStatus();
}

int64_t AccessControl::DeleteUsers(absl::Span<const std::string_view> names) {
  int64_t deleted = 0;
  for (const std::string_view name : names) {
    const std::shared_ptr<AclUser> user = users_.Remove(name);
    if (user == nullptr) continue;
    ++deleted;
    Abandon(*user);
  }
  return deleted;
}

absl::Status AccessControl::LoadConfigured(absl::Span<const std::vector<std::string>> users) {
  for (const std::vector<std::string>& words : users) {
    const std::string& name = words[0];
    if (!IsUserName(name)) {
      return absl::InvalidArgumentError("Spaces not allowed in ACL usernames");
    }
    std::vector<std::string_view> rules(words.begin() + 1, words.end());
    rules.insert(rules.begin(), "reset");
    const absl::StatusOr<AclUser> user = users_.WithRules(name, rules);
    if (!user.ok()) {
      return absl::InvalidArgumentError(
          StrCat("Error in user declaration '", name, "': ", ToStd(user.status().message())));
    }
    users_.Put(*user);
  }
  return absl::OkStatus();
}

// Not before all of them are known to be right. A user keeps its place, and its clients stay.
void AccessControl::Replace(const std::vector<AclUser>& users) {
  std::set<std::string_view> kept;
  for (const AclUser& user : users) kept.insert(user.name());
  std::vector<std::shared_ptr<AclUser>> gone;
  for (const auto& [name, user] : users_.all()) {
    if (!kept.contains(name) && name != kDefaultUserName) gone.push_back(user);
  }
  for (const std::shared_ptr<AclUser>& user : gone) {
    (void)users_.Remove(user->name());
    Abandon(*user);
  }
  if (!kept.contains(kDefaultUserName)) {
    Change(users_.default_user(), AclUsers::MakeDefault(environment_));
  }
  for (const AclUser& user : users) {
    if (const std::shared_ptr<AclUser> old = users_.Find(user.name()); old != nullptr) {
      Change(*old, user);
    } else {
      users_.Put(user);
    }
  }
}

absl::Status AccessControl::LoadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file.is_open()) text << file.rdbuf();
  if (!file.is_open() || file.bad()) {
    return absl::UnavailableError(
        StrCat("Error loading ACLs, opening file '", path, "': ", strerror(errno)));
  }
  const absl::StatusOr<std::vector<AclUser>> users = ReadUsers(text.str(), path, environment_);
  if (!users.ok()) return users.status();
  Replace(*users);
  return absl::OkStatus();
}

absl::Status AccessControl::SaveFile(const std::string& path) const {
  return ReplaceFile(path, WriteUsers(users_));
}

}  // namespace slotmesh::node
