// Which members are suspected, since when and by how many others: how long each has to refute it.
//
// Thread-compatible. Lookups and changes cost O(log suspicions); there are few but in large
// failures.
#ifndef SLOTMESH_GOSSIP_SUSPICION_H_
#define SLOTMESH_GOSSIP_SUSPICION_H_

#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "gossip/members.h"
#include "slots/ids.h"

namespace slotmesh::gossip {

struct Suspicion {
  absl::Time started;
  absl::InlinedVector<uint32_t, 4> accusers;  // Independent ones; at most confirmations + 1.
};

class Suspicions {
 public:
  using Map = absl::btree_map<slots::NodeId, Suspicion>;

  // Of accusers beyond the first, this many count.
  explicit Suspicions(int confirmations) : confirmations_(confirmations) {}

  // Starts or confirms a suspicion. True if the accuser is a new one that counts: worth passing on.
  bool Add(absl::Time now, const slots::NodeId& node, uint32_t accuser);
  // True if it was suspected.
  bool Remove(const slots::NodeId& node) { return map_.erase(node) > 0; }
  void Keep(const Members& members);

  const Map& all() const { return map_; }
  bool empty() const { return map_.empty(); }

  // Time to refute: `longest` with one accuser, falling with the logarithm of their number to
  // `shortest` (Dadgar, Phillips, Currey: Lifeguard, section IV.B).
  absl::Duration TimeToRefute(const Suspicion& suspicion, absl::Duration shortest,
                              absl::Duration longest) const;

 private:
  int confirmations_;
  Map map_;
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_SUSPICION_H_
