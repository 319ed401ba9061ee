// Handlers of the string commands, for strings_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_STRINGS_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_STRINGS_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// strings_read.cc
void Get(CommandContext& ctx, Args args);
void MGet(CommandContext& ctx, Args args);
void StrLen(CommandContext& ctx, Args args);
void GetRange(CommandContext& ctx, Args args);
// strings_set.cc
void Set(CommandContext& ctx, Args args);
void SetEx(CommandContext& ctx, Args args);
void PSetEx(CommandContext& ctx, Args args);
void SetNx(CommandContext& ctx, Args args);
void GetSet(CommandContext& ctx, Args args);
void MSet(CommandContext& ctx, Args args);
void MSetNx(CommandContext& ctx, Args args);
// strings_change.cc
void Append(CommandContext& ctx, Args args);
void SetRange(CommandContext& ctx, Args args);
void Incr(CommandContext& ctx, Args args);
void Decr(CommandContext& ctx, Args args);
void IncrBy(CommandContext& ctx, Args args);
void DecrBy(CommandContext& ctx, Args args);
void IncrByFloat(CommandContext& ctx, Args args);
// strings_take.cc
void GetDel(CommandContext& ctx, Args args);
void GetEx(CommandContext& ctx, Args args);
void DelIfEq(CommandContext& ctx, Args args);
// strings_lcs.cc
void Lcs(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_STRINGS_HANDLERS_H_
