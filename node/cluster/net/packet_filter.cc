#include "node/cluster/net/packet_filter.h"

namespace slotmesh::node {

bool PacketFilter::Drops(bus::FrameKind kind) const {
  using bus::FrameKind;
  switch (type()) {
    case kPing:
    case kPong:
    case kFail:
      return kind == FrameKind::kGossip;
    case kPublish:
    case kShardPublish:
    case kModule:
      return kind == FrameKind::kPubSub;
    case kVoteRequest:
    case kVote:
    case kHandover:
      return kind == FrameKind::kLedger || kind == FrameKind::kProposal ||
             kind == FrameKind::kProposalReply || kind == FrameKind::kLease;
    case kUpdate:
      return kind == FrameKind::kMapRequest || kind == FrameKind::kMapReply;
    default:
      return false;
  }
}

}  // namespace slotmesh::node
