// Handlers of the sorted set commands, for zsets_*_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_ZSETS_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_ZSETS_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// zsets_change.cc
void ZAdd(CommandContext& ctx, Args args);
void ZIncrBy(CommandContext& ctx, Args args);
void ZRem(CommandContext& ctx, Args args);
void ZRemRangeByRank(CommandContext& ctx, Args args);
void ZRemRangeByScore(CommandContext& ctx, Args args);
void ZRemRangeByLex(CommandContext& ctx, Args args);
// zsets_read.cc
void ZCard(CommandContext& ctx, Args args);
void ZScore(CommandContext& ctx, Args args);
void ZMScore(CommandContext& ctx, Args args);
void ZRank(CommandContext& ctx, Args args);
void ZRevRank(CommandContext& ctx, Args args);
void ZCount(CommandContext& ctx, Args args);
void ZLexCount(CommandContext& ctx, Args args);
void ZRandMember(CommandContext& ctx, Args args);
void ZScan(CommandContext& ctx, Args args);
// zsets_range.cc
void ZRange(CommandContext& ctx, Args args);
void ZRangeStore(CommandContext& ctx, Args args);
void ZRevRange(CommandContext& ctx, Args args);
void ZRangeByScore(CommandContext& ctx, Args args);
void ZRevRangeByScore(CommandContext& ctx, Args args);
void ZRangeByLex(CommandContext& ctx, Args args);
void ZRevRangeByLex(CommandContext& ctx, Args args);
// zsets_pop.cc
void ZPopMin(CommandContext& ctx, Args args);
void ZPopMax(CommandContext& ctx, Args args);
void ZMPop(CommandContext& ctx, Args args);
void BZPopMin(CommandContext& ctx, Args args);
void BZPopMax(CommandContext& ctx, Args args);
void BZMPop(CommandContext& ctx, Args args);
// zsets_combine.cc
void ZUnion(CommandContext& ctx, Args args);
void ZUnionStore(CommandContext& ctx, Args args);
void ZInter(CommandContext& ctx, Args args);
void ZInterStore(CommandContext& ctx, Args args);
void ZInterCard(CommandContext& ctx, Args args);
void ZDiff(CommandContext& ctx, Args args);
void ZDiffStore(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_ZSETS_HANDLERS_H_
