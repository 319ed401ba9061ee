// Handlers of the list commands, for lists_table.cc (see Handler in command_spec.h), and what they
// share.
#ifndef SLOTMESH_NODE_COMMANDS_LISTS_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_LISTS_HANDLERS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/command/command_context.h"
#include "node/types/list.h"

namespace slotmesh::node {

// lists_push.cc
void LPush(CommandContext& ctx, Args args);
void RPush(CommandContext& ctx, Args args);
void LPushX(CommandContext& ctx, Args args);
void RPushX(CommandContext& ctx, Args args);
// lists_read.cc
void LLen(CommandContext& ctx, Args args);
void LIndex(CommandContext& ctx, Args args);
void LRange(CommandContext& ctx, Args args);
void LPos(CommandContext& ctx, Args args);
// lists_change.cc
void LSet(CommandContext& ctx, Args args);
void LInsert(CommandContext& ctx, Args args);
void LRem(CommandContext& ctx, Args args);
void LTrim(CommandContext& ctx, Args args);
// lists_pop.cc
void LPop(CommandContext& ctx, Args args);
void RPop(CommandContext& ctx, Args args);
void LMPop(CommandContext& ctx, Args args);
void BLPop(CommandContext& ctx, Args args);
void BRPop(CommandContext& ctx, Args args);
void BLMPop(CommandContext& ctx, Args args);
// lists_move.cc
void LMove(CommandContext& ctx, Args args);
void RPopLPush(CommandContext& ctx, Args args);
void BLMove(CommandContext& ctx, Args args);
void BRPopLPush(CommandContext& ctx, Args args);

// LEFT or RIGHT, in any case; nothing, with the error replied, for another word.
std::optional<ListEnd> EndOrReply(CommandContext& ctx, std::string_view word);
void ReplyElement(Reply& reply, const ListpackValue& value);
inline std::string_view PushEvent(ListEnd end) { return end == ListEnd::kHead ? "lpush" : "rpush"; }
inline std::string_view PopEvent(ListEnd end) { return end == ListEnd::kHead ? "lpop" : "rpop"; }
// False, with the error replied, if one of the words is longer than a list can hold.
bool CheckElements(CommandContext& ctx, Args elements);
// `event` happened to the key's list, which lost elements: it settles, or goes if it is empty now.
void EndShrinking(CommandContext& ctx, const HashedKey& key, List& list, std::string_view event);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_LISTS_HANDLERS_H_
