// The frames that the two ends of a slot move exchange on the bulk channel.
//
//   source -> target   Begin: ready to send? (repeated until Ready comes)
//   target -> source   Ready: an empty staging area waits.
//   source -> target   Data: bytes of the record stream (records.h) from `offset` on.
//   target -> source   Ack: all bytes before `offset` have been taken in.
//   target -> source   Complete: the final record, which ends at `offset`, and all before it are
//                      applied.
//   either way         Stop: the sender has given the move up; `bytes` says why.
//
// Give and Given, by which SETSLOT NODE asks a slot's owner for it (slot_handover.h), travel with
// them: there `plan` is the question's id.
//
// Encoding: format version (1 byte, kFrameVersion), kind (1), plan (20), offset (8, little-endian),
// then `bytes`. Kinds are never reused. Pure functions; safe from any thread.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_FRAMES_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "slots/ids.h"

namespace slotmesh::node {

enum class FrameKind : uint8_t {
  kBegin = 1,
  kReady = 2,
  kData = 3,
  kAck = 4,
  kComplete = 5,
  kStop = 6,
  kGive = 7,   // offset: the slot; bytes: the new owner's node id.
  kGiven = 8,  // offset: the answer; bytes: why not.
};

inline constexpr uint8_t kFrameVersion = 1;
inline constexpr size_t kFrameHeaderBytes = 30;
// A reason that is longer is cut.
inline constexpr size_t kStopReasonMax = 200;

struct MigrationFrame {
  FrameKind kind = FrameKind::kBegin;
  slots::PlanId plan;
  uint64_t offset = 0;
  std::string_view bytes = {};
};

std::string EncodeFrame(const MigrationFrame& frame);
// The frame's views borrow from `payload`. Invalid argument, saying what is wrong, for anything
// but an encoded frame; unimplemented for a version or kind that this build does not know.
absl::StatusOr<MigrationFrame> DecodeFrame(std::string_view payload);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_FRAMES_H_
