// Users as lines of text, "user name rules ...": the file of the directive aclfile.
//
// Pure; whoever calls reads and writes the file.
#ifndef SLOTMESH_NODE_ACL_USERS_TEXT_H_
#define SLOTMESH_NODE_ACL_USERS_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/acl/users.h"

namespace slotmesh::node {

// All of them, or invalid argument: message() names what is wrong with each line, by its number in
// `file`. Empty lines are fine; comments are not, since writing the file back would lose them.
absl::StatusOr<std::vector<AclUser>> ReadUsers(std::string_view text, std::string_view file,
                                               const AclEnvironment& environment);
// A line each, with its end.
std::string WriteUsers(const AclUsers& users);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_USERS_TEXT_H_
