// What nodes tell each other: one message type, whose head is always a heartbeat, so that every
// message is a sign of life and shows how new its sender's map is.
//
// Plain values; the bus encodes them as Protobuf. EncodedSize() says what that takes. Whatever a
// peer sent goes through Validate() first; all lists are bounded.
#ifndef SLOTMESH_GOSSIP_MESSAGE_H_
#define SLOTMESH_GOSSIP_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "slots/ids.h"
#include "slots/slot_map.h"

namespace slotmesh::gossip {

// At one incarnation a later state supersedes an earlier one. The numbers are on the wire.
enum class State : uint8_t {
  kAlive = 1,
  kSuspect = 2,  // Did not answer; has until a deadline to refute it.
  kDead = 3,
};
std::string_view StateName(State state);

// A node counts its incarnation up, and nobody else does: it refutes a suspicion with a higher one.
// It starts at the milliseconds of the clock at the process's start, so that a restarted process
// outranks its predecessor. (If the clock was set back, it hears of the higher number from its
// peers and goes above it.)
using Incarnation = uint64_t;
inline constexpr Incarnation kIncarnationMax = uint64_t{1} << 62;

// The head of every message.
struct Beat {
  slots::NodeId node;
  slots::BootId boot = 0;
  Incarnation incarnation = 0;
  uint64_t number = 0;  // Counts this process's messages: tells older from newer.
  uint64_t ledger_term = 0;
  slots::MapVersion map;  // Of the map that the sender has.
  uint64_t map_digest = 0;
  uint64_t view_digest = 0;  // Of the records of those it takes for suspect or dead.
  uint64_t replication_offset = 0;
  uint32_t load_permille = 0;  // How busy the engine thread is.
};

// What a node holds of one member.
struct MemberRecord {
  slots::NodeId node;
  slots::BootId boot = 0;
  Incarnation incarnation = 0;
  State state = State::kAlive;
  uint32_t accuser =
      0;  // Of a suspicion: a hash of the node that raised it, to count independent ones.

  friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};

// The numbers are on the wire.
enum class Kind : uint8_t {
  kBeat = 1,          // Nothing but the head and updates. Also pushes a new map version.
  kProbe = 2,         // Answer with kAck and the same probe number.
  kAck = 3,           // To a probe; `target` is set if a helper passes it on.
  kProbeRequest = 4,  // Probe `target` for me.
  kNack = 5,          // From a helper: `target` has not answered me either.
  kSyncRequest = 6,   // `buckets` are the digests of my records.
  kSyncRecords =
      7,  // `updates` are my records of buckets that differ; send me yours of `wanted_buckets`.
};

inline constexpr int kBucketCount = 32;  // A member's bucket: the low bits of its id's first byte.
inline constexpr size_t kPiggybackMax = 32;
inline constexpr size_t kSyncRecordsMax = 256;

struct Message {
  Kind kind = Kind::kBeat;
  Beat beat;
  uint64_t probe = 0;
  slots::NodeId target;
  std::vector<MemberRecord>
      updates;                    // At most kSyncRecordsMax in kSyncRecords, else kPiggybackMax.
  std::vector<uint64_t> buckets;  // Of kSyncRequest: exactly kBucketCount.
  uint32_t wanted_buckets = 0;    // A bit per bucket.
};

// Invalid argument, saying what is wrong, if `message` is none that a correct node sends.
absl::Status Validate(const Message& message);

// Bytes on a stream: the Protobuf encoding (gossip.proto) with what is around it: the bus's
// envelope, the frames of gRPC and HTTP/2. Without TLS records and TCP/IP headers.
size_t EncodedSize(const Message& message);
inline constexpr size_t kFrameBytes = 5 + 5 + 9;

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_MESSAGE_H_
