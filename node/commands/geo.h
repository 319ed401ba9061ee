// Commands of the group geo: GEOADD, GEOSEARCH and their relatives, on sorted sets whose scores are
// places.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_GEO_H_
#define SLOTMESH_NODE_COMMANDS_GEO_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> GeoCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_GEO_H_
