// RedisModuleUser: a module's handle on a user, one of its own that nobody else finds, or one of
// the server's.
//
// Engine thread, or whoever holds the module lock.
#ifndef SLOTMESH_MODULES_USER_H_
#define SLOTMESH_MODULES_USER_H_

#include <memory>

#include "modules/sdk/abi.h"
#include "node/acl/user.h"

struct RedisModuleUser {
  std::shared_ptr<slotmesh::node::AclUser> user;
  bool own = false;  // The module has made it: its clients go with it.
};

#endif  // SLOTMESH_MODULES_USER_H_
