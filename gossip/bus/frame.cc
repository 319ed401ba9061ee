#include "gossip/bus/frame.h"

namespace slotmesh::bus {

const char* Name(FrameKind kind) {
  switch (kind) {
    case FrameKind::kGossip:
      return "gossip";
    case FrameKind::kLedger:
      return "ledger";
    case FrameKind::kMapRequest:
      return "map_request";
    case FrameKind::kMapReply:
      return "map_reply";
    case FrameKind::kMigration:
      return "migration";
    case FrameKind::kProposal:
      return "proposal";
    case FrameKind::kProposalReply:
      return "proposal_reply";
    case FrameKind::kPubSub:
      return "pubsub";
    case FrameKind::kLease:
      return "lease";
  }
  return "unknown";
}

const char* Name(Channel channel) {
  switch (channel) {
    case Channel::kControl:
      return "control";
    case Channel::kBulk:
      return "bulk";
    case Channel::kPubSub:
      return "pubsub";
  }
  return "unknown";
}

}  // namespace slotmesh::bus
