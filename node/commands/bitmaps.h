// Commands of the group bitmap: strings as arrays of bits.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_BITMAPS_H_
#define SLOTMESH_NODE_COMMANDS_BITMAPS_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> BitmapCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_BITMAPS_H_
