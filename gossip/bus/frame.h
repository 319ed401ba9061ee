// What travels between nodes, without a word about how.
//
// Plain values. A frame is a kind, a number whose meaning is the kind's, and opaque bytes; the
// transport adds who sent it.
#ifndef SLOTMESH_GOSSIP_BUS_FRAME_H_
#define SLOTMESH_GOSSIP_BUS_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "slots/ids.h"

namespace slotmesh::bus {

// Nodes talk only to nodes of the same protocol version; a rolling upgrade first teaches every node
// the new one.
inline constexpr uint32_t kProtocolVersion = 1;

// The same numbers as bus.proto's Kind.
enum class FrameKind : uint8_t {
  kGossip = 1,      // A gossip::Message, encoded.
  kLedger = 2,      // A message of the log `Frame::log`.
  kMapRequest = 3,  // "Send me the slot map", of version as the payload says.
  kMapReply = 4,
  kMigration = 5,      // Part of the slot migration `Frame::stream`.
  kProposal = 6,       // A ledger change forwarded to its leader; `stream` numbers the question.
  kProposalReply = 7,  // Its outcome.
  kPubSub = 8,
  kLease = 9,  // Lease requests and grants, direct heartbeats.
};
inline constexpr int kFrameKinds = 10;  // One past the greatest.

// Channels are separate connections: what is queued on one does not delay another.
enum class Channel : uint8_t { kControl = 0, kBulk = 1, kPubSub = 2 };
inline constexpr int kChannels = 3;

const char* Name(FrameKind kind);
const char* Name(Channel channel);

struct Frame {
  FrameKind kind = FrameKind::kGossip;
  uint64_t stream = 0;
  slots::LogId log;  // The log that the payload is about; zero stands for the sender's own.
  std::string payload;
};

// Who sent something, as the connection's start (and later changes of the log) told.
struct Sender {
  slots::NodeId node;  // Zero for a caller that is no node, such as the command line.
  slots::BootId boot = 0;
  slots::LogId log;
  uint32_t protocol = kProtocolVersion;
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_FRAME_H_
