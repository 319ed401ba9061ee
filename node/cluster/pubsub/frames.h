// The frames of pub/sub between nodes, as bytes.
//
//   message   1, kind, the version of the receiver's interest that the sender went by (0: knew
//             none), channel, message
//   interest  2, version, everything?, hashes, patterns        all of it
//   change    3, version before, version, hashes added, hashes removed
//
// Numbers are varints, hashes 8 bytes, texts have their length before them. Pure; bytes from
// outside give nothing, never a crash.
#ifndef SLOTMESH_NODE_CLUSTER_PUBSUB_FRAMES_H_
#define SLOTMESH_NODE_CLUSTER_PUBSUB_FRAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "node/command/pubsub.h"

namespace slotmesh::node {

// Views into the frame.
struct MessageFrame {
  ChannelKind kind = ChannelKind::kChannel;
  uint64_t known_version = 0;
  std::string_view channel;
  std::string_view message;
};
struct InterestFrame {
  uint64_t version = 0;
  bool everything = false;
  std::vector<uint64_t> hashes;
  std::vector<std::string_view> patterns;
};
struct ChangeFrame {
  uint64_t before = 0;
  uint64_t version = 0;
  std::vector<uint64_t> added;
  std::vector<uint64_t> removed;
};
using PubSubFrame = std::variant<MessageFrame, InterestFrame, ChangeFrame>;

std::string EncodePubSub(const PubSubFrame& frame);
std::optional<PubSubFrame> DecodePubSub(std::string_view bytes);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_PUBSUB_FRAMES_H_
