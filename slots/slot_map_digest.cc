#include "slots/slot_map_digest.h"

#include <string>
#include <string_view>
#include <vector>

// Header only, so that this library needs no other.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace slotmesh::slots {
namespace {

// Lays fields out one after the other: integers as 8 bytes, low byte first; lists and texts behind
// their length, so that no two contents give the same bytes.
class Layout {
 public:
  void Add(uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) {
      bytes_.push_back(static_cast<char>((value >> shift) & 0xff));
    }
  }
  void Add(std::string_view text) {
    Add(uint64_t{text.size()});
    bytes_.append(text);
  }
  template <typename Tag>
  void Add(const Id160<Tag>& id) {
    bytes_.append(id.bytes());
  }
  void Add(const std::vector<NodeId>& ids) {
    Add(uint64_t{ids.size()});
    for (const NodeId& id : ids) Add(id);
  }
  void Add(const SlotSet& slots) {
    for (uint64_t word : slots.words()) Add(word);
  }
  void Add(const NodeInfo& node) {
    Add(node.id);
    Add(node.shard);
    Add(std::string_view(node.ip));
    Add(std::string_view(node.hostname));
    for (uint16_t port : {node.port, node.tls_port, node.bus_port, node.http_port}) {
      Add(uint64_t{port});
    }
    Add(std::string_view(node.zone));
    Add(uint64_t{node.voter});
    Add(uint64_t{node.arbiter});
    // Versions of the program that know no labels agree with this one while there are none.
    if (node.labels.empty()) return;
    Add(std::string_view(node.labels.human_name));
    Add(std::string_view(node.labels.client_ipv4));
    Add(std::string_view(node.labels.client_ipv6));
    Add(uint64_t{node.labels.no_failover});
  }
  void Add(const ShardInfo& shard) {
    Add(shard.id);
    Add(shard.epoch);
    Add(shard.primary);
    Add(shard.primary_boot);
    Add(shard.replicas);
    Add(shard.in_sync);
    Add(shard.in_sync_version);
    Add(shard.slots);
  }
  void Clear() { bytes_.clear(); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace

uint64_t Digest(const SlotMapData& data) {
  Layout layout;
  layout.Add(data.version.log);
  layout.Add(data.version.generation);
  layout.Add(data.version.sequence);
  layout.Add(data.current_epoch);
  layout.Add(uint64_t{data.nodes.size()});
  layout.Add(uint64_t{data.shards.size()});
  uint64_t digest = 0;
  // Folded member by member, so that a map of thousands of shards does not need a second copy of
  // itself.
  const auto fold = [&layout, &digest] {
    digest = XXH3_64bits_withSeed(layout.bytes().data(), layout.bytes().size(), digest);
    layout.Clear();
  };
  fold();
  for (const NodeInfo& node : data.nodes) {
    layout.Add(node);
    fold();
  }
  for (const ShardInfo& shard : data.shards) {
    layout.Add(shard);
    fold();
  }
  return digest;
}

}  // namespace slotmesh::slots
