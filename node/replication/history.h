// Which stream this node's data comes from, and up to where it could go on with another one.
//
// A history has an id and counts the bytes of its stream. A node that becomes a primary begins a
// history of its own, which goes on where the one it followed ended: it remembers that one's id,
// so that its fellow replicas can follow it without a new copy of the data (PSYNC's second id).
//
// Thread-compatible. Offsets count bytes; on the wire PSYNC names the number of the next byte,
// which is one more.
#ifndef SLOTMESH_NODE_REPLICATION_HISTORY_H_
#define SLOTMESH_NODE_REPLICATION_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace slotmesh::node {

struct History {
  static constexpr int64_t kNone = -1;
  static constexpr size_t kIdDigits = 40;

  static std::string NoId() { return std::string(kIdDigits, '0'); }

  std::string id;  // kIdDigits hexadecimal digits, as the next one.
  std::string earlier_id = NoId();
  // Up to there the earlier one is the same as this; kNone: there is none.
  int64_t earlier_end = kNone;

  // Goes on under another id from `offset`.
  void GoOnAs(std::string new_id, uint64_t offset) {
    earlier_id = std::exchange(id, std::move(new_id));
    earlier_end = static_cast<int64_t>(offset);
  }
  void ForgetEarlier() {
    earlier_id = NoId();
    earlier_end = kNone;
  }
  // Who has the bytes of history `other` up to `offset` has those of this one.
  bool Continues(std::string_view other, uint64_t offset) const {
    if (other == id) return true;
    return earlier_end != kNone && other == earlier_id &&
           offset <= static_cast<uint64_t>(earlier_end);
  }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_HISTORY_H_
