// Commands of the group hyperloglog: PFADD, PFCOUNT, PFMERGE and what looks inside.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_HYPERLOGLOG_H_
#define SLOTMESH_NODE_COMMANDS_HYPERLOGLOG_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> HyperLogLogCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_HYPERLOGLOG_H_
