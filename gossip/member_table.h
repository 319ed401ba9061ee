// What a node holds of each member: its record (state, process, incarnation), which all nodes agree
// on in the end, and what it heard from the member itself. Holds no timers and decides nothing but
// which of two records is the later.
//
// Thread-compatible. Shares the member list; owns the rest. Digests are kept up to date with each
// change, so reading them is free; about 60 bytes per member, and more for those that were heard
// directly.
#ifndef SLOTMESH_GOSSIP_MEMBER_TABLE_H_
#define SLOTMESH_GOSSIP_MEMBER_TABLE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "gossip/members.h"
#include "gossip/message.h"

namespace slotmesh::gossip {

// What a member's own messages said last. Lives as long as the member, across its restarts.
struct Heard {
  absl::Time last =
      absl::InfinitePast();  // When a message of the process `beat.boot` arrived last.
  Beat beat;                 // Its newest.
  // For the machine's own use:
  absl::Time differs_since =
      absl::InfiniteFuture();  // Since when its view differs from ours, on one map.
  absl::Time announced = absl::InfinitePast();  // When it was last told that it has an older map.
};

// The order in which records supersede each other: by incarnation, boot id, state.
bool Supersedes(const MemberRecord& candidate, const MemberRecord& current);

class MemberTable {
 public:
  using BucketDigests = std::array<uint64_t, kBucketCount>;

  struct Entry {
    slots::BootId boot = 0;
    Incarnation incarnation = 0;  // 0: nothing is known but that it is a member.
    absl::Time since;             // Of `state`.
    absl::Time vouched;           // When it was watched first, or a helper reached it last.
    uint32_t accuser = 0;
    State state = State::kAlive;
    std::unique_ptr<Heard> heard;  // Null if never.
  };

  MemberTable();

  // Keeps what is known of those who stay members. New ones count as alive.
  void SetMembers(absl::Time now, std::shared_ptr<const Members> members);
  const Members& members() const { return *members_; }
  const std::shared_ptr<const Members>& shared_members() const { return members_; }
  size_t size() const { return entries_.size(); }

  const Entry& entry(uint32_t index) const { return entries_[index]; }
  const Entry* Find(const slots::NodeId& node) const;  // Null if it is not a member.
  MemberRecord Record(uint32_t index) const;
  void Vouch(absl::Time now, uint32_t index) { entries_[index].vouched = now; }
  // Made if absent.
  Heard& heard(uint32_t index);
  Heard* FindHeard(uint32_t index) { return entries_[index].heard.get(); }

  // Sets the record of its node, which must be a member, whatever it was before.
  void Set(absl::Time now, uint32_t index, const MemberRecord& record);

  // Equal for equal records of those who are not alive (accusers aside), in whatever order they
  // came. That somebody has not heard yet of a living member's newer incarnation does no harm, so
  // it makes no difference here; otherwise a starting cluster would have to pass everybody's record
  // to everybody.
  uint64_t digest() const { return digest_; }
  const BucketDigests& buckets() const { return buckets_; }
  static int BucketOf(const slots::NodeId& node) {
    return static_cast<unsigned char>(node.bytes()[0]) % kBucketCount;
  }
  int dead_count() const { return dead_count_; }

  void CheckInvariants() const;

 private:
  static uint64_t DigestOf(const MemberRecord& record);
  void Toggle(uint32_t index);  // Adds the record to the digests, or takes it out.

  std::shared_ptr<const Members> members_;
  std::vector<Entry> entries_;  // One for each of members_.
  BucketDigests buckets_{};
  uint64_t digest_ = 0;
  int dead_count_ = 0;
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_MEMBER_TABLE_H_
