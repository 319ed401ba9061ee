// Handlers of the server commands, for server_rows.cc and server_container_rows.cc. See
// Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_SERVER_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_SERVER_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// server_info.cc
void Info(CommandContext& ctx, Args args);
// server_config.cc
void ConfigGet(CommandContext& ctx, Args args);
void ConfigSet(CommandContext& ctx, Args args);
void ConfigRewrite(CommandContext& ctx, Args args);
void ConfigResetStat(CommandContext& ctx, Args args);
void ConfigHelp(CommandContext& ctx, Args args);
// server_keyspace.cc
void FlushAll(CommandContext& ctx, Args args);
void FlushDb(CommandContext& ctx, Args args);
void SwapDb(CommandContext& ctx, Args args);
// server_memory.cc
void MemoryDoctor(CommandContext& ctx, Args args);
void MemoryHelp(CommandContext& ctx, Args args);
void MemoryMallocStats(CommandContext& ctx, Args args);
void MemoryPurge(CommandContext& ctx, Args args);
void MemoryStats(CommandContext& ctx, Args args);
void MemoryUsage(CommandContext& ctx, Args args);
// server_logs.cc
void SlowLogGet(CommandContext& ctx, Args args);
void SlowLogHelp(CommandContext& ctx, Args args);
void SlowLogLen(CommandContext& ctx, Args args);
void SlowLogReset(CommandContext& ctx, Args args);
void CommandLogGet(CommandContext& ctx, Args args);
void CommandLogHelp(CommandContext& ctx, Args args);
void CommandLogLen(CommandContext& ctx, Args args);
void CommandLogReset(CommandContext& ctx, Args args);
// server_latency.cc
void LatencyDoctor(CommandContext& ctx, Args args);
void LatencyGraph(CommandContext& ctx, Args args);
void LatencyHelp(CommandContext& ctx, Args args);
void LatencyHistogramOf(CommandContext& ctx, Args args);
void LatencyHistory(CommandContext& ctx, Args args);
void LatencyLatest(CommandContext& ctx, Args args);
void LatencyReset(CommandContext& ctx, Args args);
// server_debug.cc
void Debug(CommandContext& ctx, Args args);
// server_process.cc
void Monitor(CommandContext& ctx, Args args);
void Time(CommandContext& ctx, Args args);
void LolWut(CommandContext& ctx, Args args);
void Shutdown(CommandContext& ctx, Args args);
void LastSave(CommandContext& ctx, Args args);
void Save(CommandContext& ctx, Args args);
void BgSave(CommandContext& ctx, Args args);
void BgRewriteAof(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SERVER_HANDLERS_H_
