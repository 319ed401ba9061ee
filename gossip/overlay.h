// Which members a node keeps streams to: its shard, the voters, and some random others that change
// slowly. With as many streams again coming in, the random part joins all members to one network of
// small diameter.
//
// Thread-compatible. Update() and Rotate() walk all members: call them when members or states
// changed.
#ifndef SLOTMESH_GOSSIP_OVERLAY_H_
#define SLOTMESH_GOSSIP_OVERLAY_H_

#include <vector>

#include "absl/container/btree_set.h"
#include "absl/random/bit_gen_ref.h"
#include "gossip/member_table.h"
#include "slots/ids.h"

namespace slotmesh::gossip {

class Overlay {
 public:
  Overlay(slots::NodeId self, int random_peers) : self_(self), random_peers_(random_peers) {}

  // Brings the set up to date with the members and their states: dead ones leave the random part
  // (not the rest, to which streams are tried again and again). True if it has changed. Empty
  // unless `self` is a member.
  bool Update(const MemberTable& table, absl::BitGenRef random);
  // Exchanges one of the random peers for another, if there is another. Update() then shows it.
  void Rotate(const MemberTable& table, absl::BitGenRef random);

  // Sorted.
  const std::vector<slots::NodeId>& wanted() const { return wanted_; }

 private:
  bool IsCandidate(const MemberTable& table, const Member& self, uint32_t index) const;
  bool AddRandom(const MemberTable& table, const Member& self, absl::BitGenRef random);

  slots::NodeId self_;
  int random_peers_;
  absl::btree_set<slots::NodeId> random_;
  std::vector<slots::NodeId> wanted_;
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_OVERLAY_H_
