// Handlers of the hash commands, for hashes_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_HASHES_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_HASHES_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// hashes_read.cc
void HGet(CommandContext& ctx, Args args);
void HMGet(CommandContext& ctx, Args args);
void HGetAll(CommandContext& ctx, Args args);
void HKeys(CommandContext& ctx, Args args);
void HVals(CommandContext& ctx, Args args);
void HLen(CommandContext& ctx, Args args);
void HStrLen(CommandContext& ctx, Args args);
void HExists(CommandContext& ctx, Args args);
void HScan(CommandContext& ctx, Args args);
void HRandField(CommandContext& ctx, Args args);

// hashes_write.cc
void HSet(CommandContext& ctx, Args args);
void HMSet(CommandContext& ctx, Args args);
void HSetNx(CommandContext& ctx, Args args);
void HDel(CommandContext& ctx, Args args);
void HIncrBy(CommandContext& ctx, Args args);
void HIncrByFloat(CommandContext& ctx, Args args);

// hashes_expire.cc
void HExpire(CommandContext& ctx, Args args);
void HPExpire(CommandContext& ctx, Args args);
void HExpireAt(CommandContext& ctx, Args args);
void HPExpireAt(CommandContext& ctx, Args args);
void HPersist(CommandContext& ctx, Args args);
void HTtl(CommandContext& ctx, Args args);
void HPTtl(CommandContext& ctx, Args args);
void HExpireTime(CommandContext& ctx, Args args);
void HPExpireTime(CommandContext& ctx, Args args);

// hashes_fields.cc
void HGetEx(CommandContext& ctx, Args args);
void HSetEx(CommandContext& ctx, Args args);
void HGetDel(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_HASHES_HANDLERS_H_
