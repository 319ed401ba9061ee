#include "gossip/message.h"

#include <bit>

namespace slotmesh::gossip {
namespace {

constexpr size_t kIdField = 1 + 1 + 20;
constexpr size_t kFixed64Field = 1 + 8;

size_t VarintSize(uint64_t value) { return (std::bit_width(value | 1) + 6) / 7; }

size_t VarintField(uint64_t value) { return value == 0 ? 0 : 1 + VarintSize(value); }

size_t Fixed64Field(uint64_t value) { return value == 0 ? 0 : kFixed64Field; }

template <typename Id>
size_t IdField(const Id& id) {
  return id.is_zero() ? 0 : kIdField;
}

size_t Nested(size_t size) { return 1 + VarintSize(size) + size; }

size_t SizeOf(const Beat& beat) {
  const size_t map =
      IdField(beat.map.log) + VarintField(beat.map.generation) + VarintField(beat.map.sequence);
  return IdField(beat.node) + Fixed64Field(beat.boot) + VarintField(beat.incarnation) +
         VarintField(beat.number) + VarintField(beat.ledger_term) + Nested(map) +
         Fixed64Field(beat.map_digest) + Fixed64Field(beat.view_digest) +
         VarintField(beat.replication_offset) + VarintField(beat.load_permille);
}

size_t SizeOf(const MemberRecord& record) {
  return IdField(record.node) + Fixed64Field(record.boot) + VarintField(record.incarnation) +
         VarintField(static_cast<uint64_t>(record.state)) + (record.accuser == 0 ? 0 : 1 + 4);
}

bool IsKnown(State state) {
  switch (state) {
    case State::kAlive:
    case State::kSuspect:
    case State::kDead:
      return true;
  }
  return false;
}

bool IsKnown(Kind kind) {
  switch (kind) {
    case Kind::kBeat:
    case Kind::kProbe:
    case Kind::kAck:
    case Kind::kProbeRequest:
    case Kind::kNack:
    case Kind::kSyncRequest:
    case Kind::kSyncRecords:
      return true;
  }
  return false;
}

absl::Status ValidateRecord(const MemberRecord& record) {
  if (record.node.is_zero()) return absl::InvalidArgumentError("a record names no node");
  if (!IsKnown(record.state)) return absl::InvalidArgumentError("a record's state is unknown");
  if (record.incarnation > kIncarnationMax) {
    return absl::InvalidArgumentError("a record's incarnation is out of range");
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view StateName(State state) {
  switch (state) {
    case State::kAlive:
      return "alive";
    case State::kSuspect:
      return "suspect";
    case State::kDead:
      return "dead";
  }
  return "?";
}

absl::Status Validate(const Message& message) {
  if (!IsKnown(message.kind)) return absl::InvalidArgumentError("the kind is unknown");
  if (message.beat.node.is_zero()) return absl::InvalidArgumentError("the sender is missing");
  if (message.beat.boot == 0) return absl::InvalidArgumentError("the sender's boot id is missing");
  if (message.beat.incarnation == 0 || message.beat.incarnation > kIncarnationMax) {
    return absl::InvalidArgumentError("the sender's incarnation is out of range");
  }
  const size_t limit = message.kind == Kind::kSyncRecords ? kSyncRecordsMax : kPiggybackMax;
  if (message.updates.size() > limit) return absl::InvalidArgumentError("too many updates");
  for (const MemberRecord& record : message.updates) {
    const absl::Status status = ValidateRecord(record);
    if (!status.ok()) return status;
  }
  const bool needs_target = message.kind == Kind::kProbeRequest || message.kind == Kind::kNack;
  if (needs_target && message.target.is_zero()) {
    return absl::InvalidArgumentError("the target is missing");
  }
  const size_t buckets = message.kind == Kind::kSyncRequest ? kBucketCount : 0;
  if (message.buckets.size() != buckets) {
    return absl::InvalidArgumentError("the number of bucket digests is wrong");
  }
  return absl::OkStatus();
}

size_t EncodedSize(const Message& message) {
  size_t size = VarintField(static_cast<uint64_t>(message.kind)) + Nested(SizeOf(message.beat)) +
                VarintField(message.probe) + IdField(message.target) +
                VarintField(message.wanted_buckets);
  for (const MemberRecord& record : message.updates) size += Nested(SizeOf(record));
  if (!message.buckets.empty()) size += Nested(message.buckets.size() * 8);
  return size + kFrameBytes;
}

}  // namespace slotmesh::gossip
