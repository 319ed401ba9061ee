// Handlers of the set commands, for sets_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_SETS_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_SETS_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// sets_members.cc
void SAdd(CommandContext& ctx, Args args);
void SRem(CommandContext& ctx, Args args);
void SMove(CommandContext& ctx, Args args);
void SCard(CommandContext& ctx, Args args);
void SIsMember(CommandContext& ctx, Args args);
void SMIsMember(CommandContext& ctx, Args args);
void SMembers(CommandContext& ctx, Args args);
void SScan(CommandContext& ctx, Args args);
// sets_random.cc
void SPop(CommandContext& ctx, Args args);
void SRandMember(CommandContext& ctx, Args args);
// sets_algebra.cc
void SInter(CommandContext& ctx, Args args);
void SInterCard(CommandContext& ctx, Args args);
void SInterStore(CommandContext& ctx, Args args);
void SUnion(CommandContext& ctx, Args args);
void SUnionStore(CommandContext& ctx, Args args);
void SDiff(CommandContext& ctx, Args args);
void SDiffStore(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SETS_HANDLERS_H_
