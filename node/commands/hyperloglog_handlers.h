// Handlers of the HyperLogLog commands, for hyperloglog_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_HYPERLOGLOG_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_HYPERLOGLOG_HANDLERS_H_

#include <string_view>

#include "node/command/command_context.h"
#include "node/keyspace/database.h"

namespace slotmesh::node {

// hyperloglog.cc
void PfAdd(CommandContext& ctx, Args args);
void PfCount(CommandContext& ctx, Args args);
void PfMerge(CommandContext& ctx, Args args);
// hyperloglog_debug.cc
void PfDebug(CommandContext& ctx, Args args);
void PfSelfTest(CommandContext& ctx, Args args);

// What both files need.
inline constexpr std::string_view kCorruptHll = "INVALIDOBJ Corrupted HLL object detected";
// The entry's bytes; nothing for another value, with the error replied.
std::optional<std::string_view> HllBytes(CommandContext& ctx, const Entry& entry, IntText& scratch);
// Writes them to the key, which may be absent.
void PutHll(CommandContext& ctx, EntryRef& ref, const HashedKey& key, std::string_view bytes);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_HYPERLOGLOG_HANDLERS_H_
