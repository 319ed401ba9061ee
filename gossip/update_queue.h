// The news that a node passes on: records that changed lately, each to be sent a bounded number of
// times on top of messages that go out anyway. Those sent least go first, and among them the
// newest.
//
// Thread-compatible. Holds ids, not records: what is sent is what is known at the time of sending.
// At most one entry per member; picking k of m costs O(k log m).
#ifndef SLOTMESH_GOSSIP_UPDATE_QUEUE_H_
#define SLOTMESH_GOSSIP_UPDATE_QUEUE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "gossip/members.h"
#include "slots/ids.h"

namespace slotmesh::gossip {

class UpdateQueue {
 public:
  // Restarts the count if the node is queued already.
  void Add(const slots::NodeId& node);
  bool Contains(const slots::NodeId& node) const { return places_.contains(node); }
  void Remove(const slots::NodeId& node);
  // Drops all who are not members.
  void Keep(const Members& members);

  // Up to `count` nodes whose records to send now, `except` left out; each is dropped after
  // `transmissions_max`.
  std::vector<slots::NodeId> Pick(size_t count, int transmissions_max, const slots::NodeId& except);

  size_t size() const { return ranks_.size(); }
  bool empty() const { return ranks_.empty(); }
  void CheckInvariants() const;

 private:
  struct Rank {
    int sent = 0;
    int64_t age = 0;  // Falls from entry to entry: the newest is the smallest.
    slots::NodeId node;
    friend auto operator<=>(const Rank&, const Rank&) = default;
  };

  absl::btree_set<Rank> ranks_;
  absl::flat_hash_map<slots::NodeId, std::pair<int, int64_t>> places_;  // Sent and age, by node.
  int64_t next_age_ = 0;
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_UPDATE_QUEUE_H_
