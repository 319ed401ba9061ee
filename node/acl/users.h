// The users that there are, by name; `default` is always among them.
//
// Engine thread only. Owned by shared pointers: clients and modules keep one that is removed alive,
// but nobody finds it any more. A user keeps its address for as long as its name is taken.
#ifndef SLOTMESH_NODE_ACL_USERS_H_
#define SLOTMESH_NODE_ACL_USERS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "node/acl/commands.h"
#include "node/acl/user.h"

namespace slotmesh::node {

inline constexpr std::string_view kDefaultUserName = "default";

// Something, without white space and NUL.
bool IsUserName(std::string_view name);

class AclUsers {
 public:
  using Map = std::map<std::string, std::shared_ptr<AclUser>, std::less<>>;

  // There is the default user, on, without a password, and it may do everything. `environment` is
  // borrowed.
  explicit AclUsers(const AclEnvironment& environment);

  const AclEnvironment& environment() const { return environment_; }
  AclUser& default_user() const { return *default_user_; }
  std::shared_ptr<AclUser> default_user_pointer() const { return default_user_; }
  // Null if there is none.
  std::shared_ptr<AclUser> Find(std::string_view name) const;
  const Map& all() const { return users_; }

  // The user as it would be with these rules more; a new one if there is none. Changes nothing. An
  // error's message() is ACL SETUSER's, behind "ERR ".
  absl::StatusOr<AclUser> WithRules(std::string_view name,
                                    absl::Span<const std::string_view> rules) const;
  // Takes it in: an existing one of its name is it from now on.
  void Put(const AclUser& user);
  // Null if there is none. REQUIRES: not the default one.
  std::shared_ptr<AclUser> Remove(std::string_view name);

  // What `default` is at first.
  static AclUser MakeDefault(const AclEnvironment& environment);

 private:
  const AclEnvironment& environment_;
  std::shared_ptr<AclUser> default_user_;
  Map users_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_USERS_H_
