// Commands of the group generic: what can be done to a key whatever its value, and DBSIZE.
//
// The rows' family state may be null.
#ifndef SLOTMESH_NODE_COMMANDS_GENERIC_H_
#define SLOTMESH_NODE_COMMANDS_GENERIC_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"
#include "node/stats/log.h"

namespace slotmesh::node {

// What RESTORE goes by, as the state of its family.
struct RestoreState {
  Log* log = nullptr;          // Hears of payloads that are malformed within.
  bool skip_checksum = false;  // DEBUG SET-SKIP-CHECKSUM-VALIDATION. For tests.
};

absl::Span<const CommandSpec> GenericCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_GENERIC_H_
