// A block of a stream: entries of neighbouring ids in one listpack, in the layout that Redis keeps
// and dumps.
//
//   master:  live entries | deleted entries | number of fields | field ... | 0
//   entry:   flags | ms - block's ms | seq - block's seq | [number of fields |] data ... | length
//
// A block is known by its id, which stands beside it: that of the first entry it was made for. An
// entry whose fields are the master's has values only (kSameFields), any other its own number of
// fields and pairs. The length is how many elements stand before it in the entry, for reading
// backwards. A removed entry stays, marked; a block loses its last live entry by being dropped.
//
// Thread-compatible. Reading trusts the bytes: what comes from outside goes through Validate.
// Invariants: live ids ascend and are not below the block's id; the counts of the master agree with
// the marks. Cost: Append O(fields); finding an entry O(entries of the block).
#ifndef SLOTMESH_NODE_TYPES_STREAM_BLOCK_H_
#define SLOTMESH_NODE_TYPES_STREAM_BLOCK_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/types/span.h"
#include "node/data/listpack.h"
#include "node/types/stream_id.h"

namespace slotmesh::node {

// An entry within its block. Valid until the block changes.
struct StreamEntry {
  StreamId id;
  bool deleted = false;
  bool same_fields = false;
  uint32_t fields = 0;
  ListpackPos at = nullptr;      // Its flags.
  ListpackPos data = nullptr;    // First value, or first field if it has its own.
  ListpackPos length = nullptr;  // Its last element.
};

class StreamBlock {
 public:
  using Words = absl::Span<const std::string_view>;  // field value field value ...

  // With this entry.
  StreamBlock(StreamId id, Words pairs);
  // Bytes that Validate accepted.
  explicit StreamBlock(std::string_view valid_bytes) : pack_(valid_bytes) {}
  StreamBlock(StreamBlock&&) = default;
  StreamBlock& operator=(StreamBlock&&) = default;

  // REQUIRES: `id` is above all ids in the block; `block_id` is the block's.
  void Append(StreamId block_id, StreamId id, Words pairs);
  // Marks the entry. REQUIRES: it is not, and live() > 1.
  void MarkDeleted(const StreamEntry& entry);

  int64_t live() const { return ListpackView::Get(pack_.First()).integer; }
  int64_t deleted() const { return ListpackView::Get(pack_.Next(pack_.First())).integer; }
  size_t size_bytes() const { return pack_.size_bytes(); }
  size_t memory() const { return pack_.MemoryUsage(); }
  const Listpack& pack() const { return pack_; }

  // First of the master's fields.
  ListpackPos MasterFields() const;
  // Entries in order, marked ones included. False if there is none (more).
  bool First(StreamId block_id, StreamEntry* entry) const;
  bool Last(StreamId block_id, StreamEntry* entry) const;
  bool Next(StreamId block_id, StreamEntry* entry) const;
  bool Previous(StreamId block_id, StreamEntry* entry) const;
  // Visits field and value of each pair, as ListpackValues.
  template <typename Visit>
  void ForEachPair(const StreamEntry& entry, Visit visit) const {
    ListpackPos field = entry.same_fields ? MasterFields() : nullptr;
    ListpackPos at = entry.data;
    for (uint32_t i = 0; i < entry.fields; ++i) {
      ListpackPos name = at;
      if (entry.same_fields) {
        name = field;
        field += ListpackView::ElementSize(field);
      } else {
        at += ListpackView::ElementSize(at);
      }
      visit(ListpackView::Get(name), ListpackView::Get(at));
      at += ListpackView::ElementSize(at);
    }
  }

  // What a valid block holds.
  struct Summary {
    uint64_t live = 0;  // May be 0 in what others wrote; such a block is to be left out.
    StreamId first;     // Of the live ones.
    StreamId last;
  };
  // Whether the bytes are a block with this id: every element, count and length, so that nothing
  // else in this class meets anything unexpected. O(bytes).
  static std::optional<Summary> Validate(StreamId block_id, std::string_view bytes);

  // Aborts unless Validate accepts it and there is a live entry.
  void CheckInvariants(StreamId block_id) const;

 private:
  void SetCounts(int64_t live, int64_t deleted);
  void Read(StreamId block_id, ListpackPos at, StreamEntry* entry) const;

  Listpack pack_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_STREAM_BLOCK_H_
