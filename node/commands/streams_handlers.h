// Handlers of the stream commands, for streams_table.cc (see Handler in command_spec.h), and what
// they share.
#ifndef SLOTMESH_NODE_COMMANDS_STREAMS_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_STREAMS_HANDLERS_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "node/command/command_context.h"
#include "node/types/stream.h"

namespace slotmesh::node {

// streams_add.cc
void XAdd(CommandContext& ctx, Args args);
void XTrim(CommandContext& ctx, Args args);
// streams_change.cc
void XDel(CommandContext& ctx, Args args);
void XSetId(CommandContext& ctx, Args args);
// streams_range.cc
void XLen(CommandContext& ctx, Args args);
void XRange(CommandContext& ctx, Args args);
void XRevRange(CommandContext& ctx, Args args);
// streams_read.cc
void XRead(CommandContext& ctx, Args args);
void XReadGroup(CommandContext& ctx, Args args);
// streams_groups.cc
void XGroupCreate(CommandContext& ctx, Args args);
void XGroupSetId(CommandContext& ctx, Args args);
void XGroupDestroy(CommandContext& ctx, Args args);
void XGroupCreateConsumer(CommandContext& ctx, Args args);
void XGroupDelConsumer(CommandContext& ctx, Args args);
void XGroupHelp(CommandContext& ctx, Args args);
// streams_pending.cc
void XAck(CommandContext& ctx, Args args);
void XPending(CommandContext& ctx, Args args);
// streams_claim.cc
void XClaim(CommandContext& ctx, Args args);
void XAutoClaim(CommandContext& ctx, Args args);
// streams_info.cc
void XInfoStream(CommandContext& ctx, Args args);
void XInfoGroups(CommandContext& ctx, Args args);
void XInfoConsumers(CommandContext& ctx, Args args);
void XInfoHelp(CommandContext& ctx, Args args);

// --- streams_shared.cc ---

// These are false, with the error replied, for what is no id.
bool StrictIdOrReply(CommandContext& ctx, std::string_view word, StreamId* id);
// An end of an interval: also - and +, and behind '(' the id itself is left out.
enum class IntervalEnd : uint8_t { kStart = 0, kEnd = 1 };
bool IntervalIdOrReply(CommandContext& ctx, std::string_view word, IntervalEnd end, StreamId* id);
void ReplyInvalidId(CommandContext& ctx);

void ReplyEntry(Reply& reply, const StreamBlock& block, const StreamEntry& entry);
// True if the entry is there.
bool ReplyEntryWithId(Reply& reply, const Stream& stream, StreamId id);

// "NOGROUP No such key 'k' or consumer group 'g'", with `suffix`.
void ReplyNoGroup(CommandContext& ctx, std::string_view key, std::string_view group,
                  std::string_view suffix = {});
// "NOGROUP No such consumer group 'g' for key name 'k'"
void ReplyNoGroupOfKey(CommandContext& ctx, std::string_view key, std::string_view group);

// A group that a command is about to change.
struct GroupInUse {
  HashedKey key;
  std::string_view name;
  Stream* stream = nullptr;
  StreamGroup* group = nullptr;
};
// The consumer, made if there is none (which is told to listeners and the journal); it is seen now.
// `claims`: a ClaimEffect for it follows, which makes it on copies, too.
StreamConsumer* SeeConsumer(CommandContext& ctx, const GroupInUse& use, std::string_view name,
                            bool claims = false);
// What a copy does so that the pending entry is as it is here.
void ClaimEffect(CommandContext& ctx, const GroupInUse& use, StreamId id);
// ... so that the group is where it is here.
void GroupIdEffect(CommandContext& ctx, const GroupInUse& use);
// ... so that the entry is not pending.
void AckEffect(CommandContext& ctx, const GroupInUse& use, StreamId id);

// The key's slot, as effects name it.
int SlotOf(CommandContext& ctx, const HashedKey& key);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_STREAMS_HANDLERS_H_
