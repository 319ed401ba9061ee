// Commands of the group stream: XADD, XRANGE, XREADGROUP, XCLAIM and their relatives.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_STREAMS_H_
#define SLOTMESH_NODE_COMMANDS_STREAMS_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> StreamCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_STREAMS_H_
