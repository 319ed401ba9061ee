// Any bytes from a peer: decoded or refused, and what is decoded is valid and means the same when
// it is sent on. Each input is tried as it is and as damage to a message of a correct node.
#include <cstdint>
#include <string>

#include "gossip/bus/codec.h"
#include "slots/check.h"

namespace slotmesh::gossip {
namespace {

Message CorrectMessage() {
  const slots::NodeId node = slots::NodeId::FromBytes(std::string(20, 'n'));
  Message message;
  message.kind = Kind::kSyncRecords;
  message.beat = {.node = node, .boot = 1, .incarnation = 1'790'000'000'000, .number = 7};
  message.target = node;
  message.updates = {{.node = node, .boot = 2, .incarnation = 3, .state = State::kDead},
                     {.node = node, .incarnation = 4, .state = State::kSuspect, .accuser = 5}};
  message.wanted_buckets = 9;
  return message;
}

void Try(std::string_view bytes) {
  const absl::StatusOr<Message> decoded = bus::DecodeGossip(bytes);
  if (!decoded.ok()) return;
  CHECK(Validate(*decoded).ok());
  const std::string again = bus::EncodeGossip(*decoded);
  CHECK_EQ(again.size() + kFrameBytes, EncodedSize(*decoded));
  const absl::StatusOr<Message> same = bus::DecodeGossip(again);
  CHECK(same.ok());
  CHECK(bus::EncodeGossip(*same) == again);
}

}  // namespace
}  // namespace slotmesh::gossip

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  slotmesh::gossip::Try(bytes);
  std::string damaged = slotmesh::bus::EncodeGossip(slotmesh::gossip::CorrectMessage());
  for (size_t i = 0; i + 1 < size && i < 16; i += 2) {
    damaged[data[i] % damaged.size()] = bytes[i + 1];
  }
  slotmesh::gossip::Try(damaged);
  return 0;
}
