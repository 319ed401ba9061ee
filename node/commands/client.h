// CLIENT: what connections say of themselves and of each other, and what can be done to them.
#ifndef SLOTMESH_NODE_COMMANDS_CLIENT_H_
#define SLOTMESH_NODE_COMMANDS_CLIENT_H_

#include "absl/types/span.h"
#include "node/command/client_table.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

struct ClientFamily {
  ClientTable& clients;
};

// Handlers expect a ClientFamily as their family's state.
absl::Span<const CommandSpec> ClientCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_CLIENT_H_
