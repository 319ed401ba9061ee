// The stream: an append-only log of entries (an id and pairs of field and value) with consumer
// groups.
//
// Entries lie in compact blocks (stream_block.h) below stream-node-max-bytes and
// stream-node-max-entries, in a B+ tree by the blocks' ids. New entries come at the end; entries go
// by Delete, which marks them within their block, and by Trim, which drops whole blocks from the
// start where it can. A stream may be empty.
//
// Engine thread only, apart from Free of an unreachable one. Owns blocks and groups. Invariants:
// size() is the number of live entries, all between first_id() and last_id(); blocks are in order,
// none is without a live entry. Cost: Add O(fields), others O(log blocks + entries of a block) to
// find a place.
#ifndef SLOTMESH_NODE_TYPES_STREAM_H_
#define SLOTMESH_NODE_TYPES_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "node/codec/rdb_reader.h"
#include "node/types/stream_block.h"
#include "node/types/stream_groups.h"
#include "node/types/stream_id.h"
#include "node/types/type_settings.h"
#include "node/types/value_loader.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

const ValueType& StreamType();

// What XADD and XTRIM take away from the start.
struct StreamTrim {
  enum class By : uint8_t { kNothing = 0, kLength = 1, kId = 2 };
  By by = By::kNothing;
  bool approximately = false;  // Whole blocks only.
  uint64_t length_max = 0;     // Of By::kLength.
  StreamId id_min;             // Of By::kId: ids below it go.
  uint64_t limit = 0;          // No more than so many entries; 0: no limit.
};

class Stream : public Object {
 public:
  static constexpr ValueKind kKind = ValueKind::kStream;
  using Words = StreamBlock::Words;
  using Blocks = absl::btree_map<StreamId, StreamBlock>;

  Stream() : Object(StreamType()) {}

  uint64_t size() const { return size_; }
  StreamId first_id() const { return first_id_; }  // 0-0 without entries.
  StreamId last_id() const { return last_id_; }    // The greatest that was given out.
  StreamId max_deleted_id() const { return max_deleted_id_; }
  uint64_t entries_added() const { return entries_added_; }
  const Blocks& blocks() const { return blocks_; }
  // Of the last entry that is there; 0-0 without entries.
  StreamId LastEntryId() const;

  // What Add makes of these pairs is storable.
  static bool Fits(Words pairs);
  // The id that `*` gives at this time; nothing if there is none left.
  std::optional<StreamId> NextId(int64_t now_ms) const;
  // REQUIRES: id > last_id(); Fits(pairs); pairs is not empty.
  void Add(StreamId id, Words pairs, const TypeSettings& settings);
  bool Contains(StreamId id) const;
  // False if there is none.
  bool Delete(StreamId id);
  // How many went.
  uint64_t Trim(const StreamTrim& trim);
  // Visits entries of first .. last (both included), or backwards, until `visit(block, entry)` says
  // false. It may not change entries.
  template <typename Visit>
  void Walk(StreamId first, StreamId last, bool backwards, Visit visit) const;

  // XSETID. REQUIRES: no entry is above `last`.
  void SetLastId(StreamId last) { last_id_ = last; }
  void SetEntriesAdded(uint64_t count) { entries_added_ = count; }
  void SetMaxDeletedId(StreamId id) { max_deleted_id_ = id; }

  // --- Groups. ---

  const StreamGroups& groups() const { return groups_; }
  // Null if there is none.
  StreamGroup* FindGroup(std::string_view name) const;
  // Null if there is one already.
  StreamGroup* AddGroup(std::string_view name, StreamId last, int64_t entries_read);
  bool RemoveGroup(std::string_view name);
  // The group is about to get this entry, which is behind its last one.
  void Advance(StreamGroup& group, StreamId id) const;
  // How many entries the group has not seen, if that can be told.
  std::optional<int64_t> Lag(const StreamGroup& group) const;
  // How many entries were ever added up to this id, or StreamGroup::kReadUnknown.
  int64_t EstimateRead(StreamId id) const;

  // How many nodes a radix tree of the blocks' ids would have (XINFO).
  uint64_t RadixNodes() const;
  Stream* Copy() const;
  size_t MemoryUsage(size_t samples) const;
  void CheckInvariants() const;

 private:
  friend class StreamLoader;

  // The only block that may have the id; end() if none.
  Blocks::const_iterator BlockOf(StreamId id) const;
  bool Locate(StreamId id, Blocks::iterator* block, StreamEntry* entry);
  // Takes the block's entries from its start as far as `trim` wants; it keeps at least one.
  uint64_t TrimBlock(Blocks::iterator block, const StreamTrim& trim);
  void FindFirstId();
  // Entries from this id on may have been deleted.
  bool MayHaveGapsFrom(StreamId id) const;

  uint64_t size_ = 0;
  StreamId first_id_;
  StreamId last_id_;
  StreamId max_deleted_id_;
  uint64_t entries_added_ = 0;
  Blocks blocks_;
  StreamGroups groups_;
};

// The stream that a body of one of its forms holds; the caller owns it.
absl::StatusOr<Object*> LoadStream(RdbType form, RdbReader& reader, const TypeSettings& settings);
// See NewValueLoader. REQUIRES: a stream's form.
std::unique_ptr<ValueLoader> NewStreamLoader(RdbType form);

// --- Implementation. ---

template <typename Visit>
void Stream::Walk(StreamId first, StreamId last, bool backwards, Visit visit) const {
  if (size_ == 0 || first > last) return;
  auto at = BlockOf(backwards ? last : first);
  if (at == blocks_.end()) {
    if (backwards) return;
    at = blocks_.begin();
  }
  StreamEntry entry;
  for (;;) {
    const auto& [id, block] = *at;
    bool more = backwards ? block.Last(id, &entry) : block.First(id, &entry);
    while (more) {
      if (!entry.deleted) {
        if (backwards ? entry.id < first : entry.id > last) return;
        if (entry.id >= first && entry.id <= last && !visit(block, entry)) return;
      }
      more = backwards ? block.Previous(id, &entry) : block.Next(id, &entry);
    }
    if (backwards) {
      if (at == blocks_.begin()) return;
      --at;
    } else if (++at == blocks_.end()) {
      return;
    }
  }
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_STREAM_H_
