// gossip::Message to bytes and back, as gossip.proto has it. Pure functions.
#ifndef SLOTMESH_GOSSIP_BUS_GOSSIP_CODEC_H_
#define SLOTMESH_GOSSIP_BUS_GOSSIP_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gossip/message.h"

namespace slotmesh::bus {

std::string EncodeGossip(const gossip::Message& message);
// Invalid argument, saying what is wrong, for bytes that are no valid message (gossip::Validate).
absl::StatusOr<gossip::Message> DecodeGossip(std::string_view bytes);

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_GOSSIP_CODEC_H_
