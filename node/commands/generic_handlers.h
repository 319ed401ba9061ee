// Handlers of the generic commands, for generic_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_GENERIC_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_GENERIC_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// generic_keys.cc
void Del(CommandContext& ctx, Args args);
void Unlink(CommandContext& ctx, Args args);
void Exists(CommandContext& ctx, Args args);
void Touch(CommandContext& ctx, Args args);
void Type(CommandContext& ctx, Args args);
// generic_move.cc
void Rename(CommandContext& ctx, Args args);
void RenameNx(CommandContext& ctx, Args args);
void Copy(CommandContext& ctx, Args args);
void Move(CommandContext& ctx, Args args);
// generic_expire.cc
void Expire(CommandContext& ctx, Args args);
void PExpire(CommandContext& ctx, Args args);
void ExpireAt(CommandContext& ctx, Args args);
void PExpireAt(CommandContext& ctx, Args args);
void Ttl(CommandContext& ctx, Args args);
void PTtl(CommandContext& ctx, Args args);
void ExpireTime(CommandContext& ctx, Args args);
void PExpireTime(CommandContext& ctx, Args args);
void Persist(CommandContext& ctx, Args args);
// generic_scan.cc
void Keys(CommandContext& ctx, Args args);
void Scan(CommandContext& ctx, Args args);
void RandomKey(CommandContext& ctx, Args args);
void DbSize(CommandContext& ctx, Args args);
// generic_dump.cc
void Dump(CommandContext& ctx, Args args);
void Restore(CommandContext& ctx, Args args);
// generic_object.cc
void ObjectEncoding(CommandContext& ctx, Args args);
void ObjectFreq(CommandContext& ctx, Args args);
void ObjectIdleTime(CommandContext& ctx, Args args);
void ObjectRefCount(CommandContext& ctx, Args args);
void ObjectHelp(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_GENERIC_HANDLERS_H_
