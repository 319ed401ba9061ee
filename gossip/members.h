// The nodes that the ledger counts as members, in the form that gossip needs: one immutable list
// for each version of the slot map. Gossip never adds or removes members, it only says who of them
// is alive.
//
// Immutable, so safe to share between threads (and, in simulations, between nodes). Lookup is one
// hash probe.
#ifndef SLOTMESH_GOSSIP_MEMBERS_H_
#define SLOTMESH_GOSSIP_MEMBERS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "slots/ids.h"

namespace slotmesh::gossip {

struct Member {
  slots::NodeId id;
  slots::ShardId shard;         // Zero if it has none.
  slots::BootId boot_hint = 0;  // The process that the map names (a primary's), 0 if none.
  bool voter = false;
};

class Members {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // REQUIRES: no id occurs twice; none is zero.
  static std::shared_ptr<const Members> Make(std::vector<Member> members);

  // Sorted by id.
  const std::vector<Member>& all() const { return members_; }
  size_t size() const { return members_.size(); }
  const Member& operator[](uint32_t index) const { return members_[index]; }
  // The position in all(), kNone if it is not a member.
  uint32_t IndexOf(const slots::NodeId& id) const;
  const Member* Find(const slots::NodeId& id) const;  // Null if it is not a member.
  bool Contains(const slots::NodeId& id) const { return Find(id) != nullptr; }

 private:
  explicit Members(std::vector<Member> members);

  std::vector<Member> members_;
  absl::flat_hash_map<slots::NodeId, uint32_t> index_;
};

// True if the two beat each other directly, several times a second: members of one shard, and each
// voter with all.
inline bool AreDirect(const Member& a, const Member& b) {
  return a.voter || b.voter || (a.shard == b.shard && !a.shard.is_zero());
}

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_MEMBERS_H_
