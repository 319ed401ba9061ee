// What the handlers of sorted sets and geospatial indexes share: finding the value, leaving no
// empty one behind, storing a result, replying scores, reading the ends of ranges.
//
// Engine thread only; what is found is borrowed from the database.
#ifndef SLOTMESH_NODE_COMMANDS_ZSETS_COMMON_H_
#define SLOTMESH_NODE_COMMANDS_ZSETS_COMMON_H_

#include <optional>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "node/commands/lookup.h"
#include "node/types/zset.h"

namespace slotmesh::node {

// FindObjectToWrite, without the entry.
inline bool FindZsetToWrite(CommandContext& ctx, const HashedKey& key, Zset** zset) {
  EntryRef ref;
  return FindObjectToWrite(ctx, key, &ref, zset);
}

// An empty sorted set under an absent key, in the form for what is going to be put in at once.
Zset& CreateZset(CommandContext& ctx, const HashedKey& key, uint64_t members, size_t longest);

// After members were removed: tells watchers and listeners (`event`), deletes the key if none is
// left.
void AfterRemoval(CommandContext& ctx, const HashedKey& key, const Zset& zset,
                  std::string_view event);

// A member of a result; the name is borrowed.
struct MemberScore {
  std::string_view member;
  double score = 0;
};

// What ZADD, ZINCRBY and GEOADD do.
struct ZsetAddition {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;
  bool changed = false;  // CH: reply how many were added or changed.
  bool increment = false;
  absl::InlinedVector<MemberScore, 8> members;  // One, if `increment`.
};
// Does it, and replies.
void AddToZset(CommandContext& ctx, const HashedKey& key, const ZsetAddition& request);

// The key becomes a sorted set of these members, or goes if there are none. Replies how many there
// are. `members` may borrow from the key's old value.
void StoreZset(CommandContext& ctx, const HashedKey& key, absl::Span<const MemberScore> members,
               std::string_view event);

// Replies members, in RESP3 with `with_scores` as an array of pairs. Begin, then a Member for each.
class MemberReply {
 public:
  MemberReply(Reply& reply, bool with_scores) : reply_(reply), with_scores_(with_scores) {}
  void Begin(uint64_t count) { reply_.Array(with_scores_ && !reply_.resp3() ? count * 2 : count); }
  void Member(std::string_view member, double score) {
    if (with_scores_ && reply_.resp3()) reply_.Array(2);
    reply_.Bulk(member);
    if (with_scores_) reply_.Double(score);
  }

 private:
  Reply& reply_;
  bool with_scores_;
};

// "5", "(5", "-inf": absent if either is no number.
std::optional<ScoreRange> ParseScoreRange(std::string_view min, std::string_view max);
// "[a", "(a", "-", "+".
std::optional<LexRange> ParseLexRange(std::string_view min, std::string_view max);
// First and last rank as clients give them, negative ones from the end.
RankInterval RankRange(int64_t first, int64_t last, uint64_t size);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_ZSETS_COMMON_H_
