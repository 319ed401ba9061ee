// The commands of the group pubsub.
#ifndef SLOTMESH_NODE_COMMANDS_PUBSUB_H_
#define SLOTMESH_NODE_COMMANDS_PUBSUB_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

// Handlers need no state of the family's.
absl::Span<const CommandSpec> PubSubCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_PUBSUB_H_
