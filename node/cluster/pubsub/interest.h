// What a node's subscribers listen to, in short: hashes of channel names, and patterns as they are.
//
// A hash says "perhaps": another name of the same hash brings messages that nobody wants, never
// hides one that somebody does. Beyond kHashesMax channels or kPatternsMax patterns the node simply
// wants everything. Thread-compatible values.
#ifndef SLOTMESH_NODE_CLUSTER_PUBSUB_INTEREST_H_
#define SLOTMESH_NODE_CLUSTER_PUBSUB_INTEREST_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "node/command/pubsub.h"

namespace slotmesh::node {

inline constexpr size_t kHashesMax = 16384;
inline constexpr size_t kPatternsMax = 64;
inline constexpr size_t kPatternBytesMax = 4096;  // Of all together.

// The same on every node. `kind` is kChannel or kShard.
uint64_t ChannelHash(ChannelKind kind, std::string_view name);

// As one node knows it of another.
struct Interest {
  bool everything = true;
  absl::flat_hash_set<uint64_t> hashes;
  std::set<std::string> patterns;

  bool Wants(ChannelKind kind, std::string_view channel) const;
};

// A node's own. Different names may share a hash, so they are counted.
class OwnInterest {
 public:
  // A name has its first subscriber, or has lost its last. True if the set of hashes changed (then
  // *hash is the one), or of patterns (then *hash is 0).
  bool Change(ChannelKind kind, std::string_view name, bool present, uint64_t* hash);

  bool everything() const {
    return counts_.size() > kHashesMax || patterns_.size() > kPatternsMax ||
           pattern_bytes_ > kPatternBytesMax;
  }
  const absl::flat_hash_map<uint64_t, uint32_t>& counts() const { return counts_; }
  const std::set<std::string>& patterns() const { return patterns_; }

 private:
  absl::flat_hash_map<uint64_t, uint32_t> counts_;
  std::set<std::string> patterns_;
  size_t pattern_bytes_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_PUBSUB_INTEREST_H_
