#include "node/acl/users.h"

#include <utility>

#include "node/acl/texts.h"
#include "slots/check.h"

namespace slotmesh::node {

bool IsUserName(std::string_view name) { return !name.empty() && IsAclWord(name); }

AclUsers::AclUsers(const AclEnvironment& environment)
    : environment_(environment),
      default_user_(std::make_shared<AclUser>(MakeDefault(environment))) {
  users_.emplace(kDefaultUserName, default_user_);
}

AclUser AclUsers::MakeDefault(const AclEnvironment& environment) {
  AclUser user(std::string(kDefaultUserName), environment);
  for (const std::string_view rule : {"+@all", "~*", "&*", "on", "nopass"}) {
    CHECK(user.Apply(rule).ok());
  }
  return user;
}

std::shared_ptr<AclUser> AclUsers::Find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : found->second;
}

absl::StatusOr<AclUser> AclUsers::WithRules(std::string_view name,
                                            absl::Span<const std::string_view> rules) const {
  const std::shared_ptr<AclUser> old = Find(name);
  return node::WithRules(old == nullptr ? AclUser(std::string(name), environment_) : *old, rules);
}

void AclUsers::Put(const AclUser& user) {
  std::shared_ptr<AclUser>& place = users_[user.name()];
  if (place == nullptr) {
    place = std::make_shared<AclUser>(user);
  } else {
    place->TakeRules(user);
  }
}

std::shared_ptr<AclUser> AclUsers::Remove(std::string_view name) {
  CHECK(name != kDefaultUserName);
  const auto found = users_.find(name);
  if (found == users_.end()) return nullptr;
  std::shared_ptr<AclUser> user = std::move(found->second);
  users_.erase(found);
  return user;
}

}  // namespace slotmesh::node
