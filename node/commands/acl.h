// ACL and its subcommands: users, their rules, and what was refused to them. What they work on is
// the engine's AccessControl.
#ifndef SLOTMESH_NODE_COMMANDS_ACL_H_
#define SLOTMESH_NODE_COMMANDS_ACL_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"
#include "node/stats/log.h"

namespace slotmesh::node {

struct AclFamily {
  Log& log;
};

// Handlers expect an AclFamily as their family's state.
absl::Span<const CommandSpec> AclCommandRows();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_ACL_H_
