#include "gossip/member_table.h"

#include <cstring>
#include <utility>

#include "slots/check.h"

namespace slotmesh::gossip {
namespace {

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t Load64(std::string_view bytes, size_t offset) {
  uint64_t value = 0;  // Little-endian on every machine: digests are compared between nodes.
  for (size_t i = 0; i < 8; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  }
  return value;
}

}  // namespace

bool Supersedes(const MemberRecord& candidate, const MemberRecord& current) {
  if (candidate.incarnation != current.incarnation) {
    return candidate.incarnation > current.incarnation;
  }
  if (candidate.boot != current.boot) return candidate.boot > current.boot;
  return candidate.state > current.state;
}

MemberTable::MemberTable() : members_(Members::Make({})) {}

uint64_t MemberTable::DigestOf(const MemberRecord& record) {
  if (record.state == State::kAlive) return 0;
  const std::string_view id = record.node.bytes();
  uint64_t sum = Mix(Load64(id, 0));
  sum = Mix(sum ^ Load64(id, 8));
  sum = Mix(sum ^ Load64(id, 12));
  sum = Mix(sum ^ record.boot);
  sum = Mix(sum + record.incarnation);
  return Mix(sum ^ static_cast<uint64_t>(record.state));
}

void MemberTable::Toggle(uint32_t index) {
  const MemberRecord record = Record(index);
  const uint64_t sum = DigestOf(record);
  digest_ ^= sum;
  buckets_[BucketOf(record.node)] ^= sum;
}

void MemberTable::SetMembers(absl::Time now, std::shared_ptr<const Members> members) {
  const std::shared_ptr<const Members> old_members = std::exchange(members_, std::move(members));
  std::vector<Entry> old_entries = std::exchange(entries_, {});
  entries_.resize(members_->size());
  digest_ = 0;
  buckets_ = {};
  dead_count_ = 0;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    const Member& member = (*members_)[i];
    const uint32_t old = old_members->IndexOf(member.id);
    if (old != Members::kNone) {
      entries_[i] = std::move(old_entries[old]);
    } else {
      entries_[i].since = now;
      entries_[i].vouched = now;
    }
    Entry& entry = entries_[i];
    if (entry.incarnation == 0) entry.boot = member.boot_hint;
    dead_count_ += entry.state == State::kDead;
    Toggle(i);
  }
}

const MemberTable::Entry* MemberTable::Find(const slots::NodeId& node) const {
  const uint32_t index = members_->IndexOf(node);
  return index == Members::kNone ? nullptr : &entries_[index];
}

MemberRecord MemberTable::Record(uint32_t index) const {
  const Entry& entry = entries_[index];
  return {.node = (*members_)[index].id,
          .boot = entry.boot,
          .incarnation = entry.incarnation,
          .state = entry.state,
          .accuser = entry.accuser};
}

Heard& MemberTable::heard(uint32_t index) {
  std::unique_ptr<Heard>& heard = entries_[index].heard;
  if (heard == nullptr) heard = std::make_unique<Heard>();
  return *heard;
}

void MemberTable::Set(absl::Time now, uint32_t index, const MemberRecord& record) {
  CHECK(record.node == (*members_)[index].id);
  Toggle(index);
  Entry& entry = entries_[index];
  if (entry.state != record.state || entry.boot != record.boot) entry.since = now;
  dead_count_ += (record.state == State::kDead) - (entry.state == State::kDead);
  entry.boot = record.boot;
  entry.incarnation = record.incarnation;
  entry.state = record.state;
  entry.accuser = record.state == State::kSuspect ? record.accuser : 0;
  Toggle(index);
}

void MemberTable::CheckInvariants() const {
  CHECK_EQ(entries_.size(), members_->size());
  uint64_t digest = 0;
  int dead = 0;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    digest ^= DigestOf(Record(i));
    dead += entry.state == State::kDead;
    CHECK(entry.state == State::kSuspect || entry.accuser == 0);
    CHECK_LE(entry.incarnation, kIncarnationMax);
  }
  CHECK_EQ(digest, digest_);
  CHECK_EQ(dead, dead_count_);
  uint64_t sum = 0;
  for (const uint64_t bucket : buckets_) sum ^= bucket;
  CHECK_EQ(sum, digest_);
}

}  // namespace slotmesh::gossip
