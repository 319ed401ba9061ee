// Which part of a connection's output has to wait until replicas have what it tells of
// (write-safety synced, SAFETY 11): the replies of a batch wait together, and whatever comes behind
// them waits too, in order.
//
// Thread-compatible. Positions are OutputBuffer's, offsets the journal's; both only rise. Bound:
// past kHoldsMax the last one takes more in, which then waits a little longer than it had to.
#ifndef SLOTMESH_NODE_NET_HELD_OUTPUT_H_
#define SLOTMESH_NODE_NET_HELD_OUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>

namespace slotmesh::node {

class HeldOutput {
 public:
  static constexpr size_t kHoldsMax = 64;
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

  struct Hold {
    uint64_t begin = 0;  // The output may leave up to there.
    uint64_t offset = 0;
    bool wrote = false;  // Writes are among what it answers.
  };

  bool empty() const { return holds_.empty(); }
  // Up to where the output may leave.
  uint64_t limit() const { return holds_.empty() ? kNoLimit : holds_.front().begin; }
  // REQUIRES: not empty.
  const Hold& first() const { return holds_.front(); }
  void PopFirst() { holds_.pop_front(); }

  // What was put out since the last call, up to `end`, is not held.
  void Pass(uint64_t end) { seen_ = end; }
  // It waits for `offset`. False if there is nothing.
  bool Add(uint64_t end, uint64_t offset, bool wrote) {
    if (end == seen_) return false;
    if (holds_.size() == kHoldsMax) {
      holds_.back().offset = offset;
      holds_.back().wrote = holds_.back().wrote || wrote;
    } else {
      holds_.push_back({seen_, offset, wrote});
    }
    seen_ = end;
    return true;
  }

 private:
  std::deque<Hold> holds_;
  uint64_t seen_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_HELD_OUTPUT_H_
