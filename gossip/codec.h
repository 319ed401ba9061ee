// Gossip messages to and from bytes (gossip.proto).
//
// Stateless functions, safe from any thread. Decode() bounds what it keeps by the message's own
// limits, so that a peer cannot make a node hold more than the frame it sent.
#ifndef SLOTMESH_GOSSIP_CODEC_H_
#define SLOTMESH_GOSSIP_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gossip/message.h"

namespace slotmesh::gossip {

std::string Encode(const Message& message);

// Invalid argument if `bytes` are no message, or one that Validate() refuses.
absl::StatusOr<Message> Decode(std::string_view bytes);

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_CODEC_H_
