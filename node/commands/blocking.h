// What blocking commands have in common: the timeout's text, and waiting for keys.
//
// Engine thread only. A blocking handler first tries as its plain sibling would; if there is
// nothing it ends with WaitForKeys, and runs again from its start when one of the keys is ready
// (key_waiters.h).
#ifndef SLOTMESH_NODE_COMMANDS_BLOCKING_H_
#define SLOTMESH_NODE_COMMANDS_BLOCKING_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/command/command_context.h"
#include "node/command/key_waiters.h"

namespace slotmesh::node {

// The deadline (wall time in milliseconds) of a timeout in seconds, with fractions;
// BlockedClients::kNoDeadline for 0. Nothing, with the error replied, for what is no timeout.
std::optional<int64_t> DeadlineOfSeconds(CommandContext& ctx, std::string_view word);
// The same of a timeout in whole milliseconds.
std::optional<int64_t> DeadlineOfMillis(CommandContext& ctx, std::string_view word);

// Waits until one of `keys` (words of `args`, the whole request) holds a value of the wished kind;
// at the deadline wish.on_timeout writes the reply. Where nobody can wait (transactions, scripts)
// it writes it at once.
void WaitForKeys(CommandContext& ctx, Args args, Args keys, KeyWaiters::Wish wish);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_BLOCKING_H_
