// MULTI, EXEC, DISCARD, WATCH, UNWATCH.
#ifndef SLOTMESH_NODE_COMMANDS_TRANSACTIONS_H_
#define SLOTMESH_NODE_COMMANDS_TRANSACTIONS_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"
#include "node/command/dispatcher.h"

namespace slotmesh::node {

// The family's state: EXEC runs what was queued through the dispatcher.
struct TransactionFamily {
  Dispatcher& dispatcher;
};

// Handlers expect a TransactionFamily as their family's state.
absl::Span<const CommandSpec> TransactionCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_TRANSACTIONS_H_
