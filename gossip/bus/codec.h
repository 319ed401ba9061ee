// gossip::Message to the bytes of a gossip frame and back. Pure functions.
#ifndef SLOTMESH_GOSSIP_BUS_CODEC_H_
#define SLOTMESH_GOSSIP_BUS_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gossip/message.h"

namespace slotmesh::bus {

std::string EncodeGossip(const gossip::Message& message);
// INVALID_ARGUMENT, saying what is wrong, unless the bytes are a message that passes
// gossip::Validate().
absl::StatusOr<gossip::Message> DecodeGossip(std::string_view bytes);

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_CODEC_H_
