// Who serves which slot: one immutable version of the cluster's map, as the ledger decided it.
//
// Immutable after Build(), so safe to share between threads as shared_ptr<const SlotMap>. Lookup by
// slot is one array access. A new version is made by copying a SlotMapData, changing it and
// building again.
#ifndef SLOTMESH_SLOTS_SLOT_MAP_H_
#define SLOTMESH_SLOTS_SLOT_MAP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "slots/ids.h"
#include "slots/slot_set.h"

namespace slotmesh::slots {

// (log, recovery generation, sequence): SAFETY 2. Versions of two logs do not compare.
struct MapVersion {
  LogId log;
  uint64_t generation = 0;
  uint64_t sequence = 0;

  friend bool operator==(const MapVersion&, const MapVersion&) = default;
};

// True if `a` and `b` are of one log and `a` is the later one.
bool IsNewer(const MapVersion& a, const MapVersion& b);

// What a member says of itself that has no part in reaching it.
struct NodeLabels {
  std::string human_name;   // cluster-announce-human-nodename: for people who read logs.
  std::string client_ipv4;  // What clients on IPv4 are told in place of NodeInfo::ip; may be empty.
  std::string client_ipv6;  // The same for those on IPv6.
  bool no_failover = false;  // cluster-replica-no-failover: not to be promoted unasked.

  bool empty() const { return *this == NodeLabels(); }
  friend bool operator==(const NodeLabels&, const NodeLabels&) = default;
};

// A member's addresses. Ports are 0 where the member does not have that listener.
struct NodeInfo {
  NodeId id;
  ShardId shard;
  std::string ip;        // What other nodes and clients reach it by.
  std::string hostname;  // cluster-announce-hostname; may be empty.
  uint16_t port = 0;
  uint16_t tls_port = 0;
  uint16_t bus_port = 0;
  uint16_t http_port = 0;
  std::string zone;      // availability-zone; may be empty.
  bool voter = false;    // Votes in the ledger.
  bool arbiter = false;  // Votes only: no data, no slots.
  NodeLabels labels;

  friend bool operator==(const NodeInfo&, const NodeInfo&) = default;
};

struct ShardInfo {
  ShardId id;
  Epoch epoch = 0;               // Clients see it as configEpoch.
  NodeId primary;                // Zero if the shard has none at the moment.
  BootId primary_boot = 0;       // The process that was made primary (SAFETY 1).
  std::vector<NodeId> replicas;  // Without the primary, in any order.
  std::vector<NodeId> in_sync;   // With the primary; sorted.
  uint64_t in_sync_version = 0;
  SlotSet slots;

  friend bool operator==(const ShardInfo&, const ShardInfo&) = default;
};

// The content of a map, free to change. Nodes and shards are sorted by id.
struct SlotMapData {
  MapVersion version;
  Epoch current_epoch = 0;  // The greatest shard epoch ever given out.
  std::vector<NodeInfo> nodes;
  std::vector<ShardInfo> shards;

  friend bool operator==(const SlotMapData&, const SlotMapData&) = default;
};

class SlotMap {
 public:
  // Invalid argument (naming what is wrong) if an id is zero or repeats; nodes, shards or an
  // in-sync set are not sorted; a shard and its members do not name each other, or an arbiter is
  // among them; two shards claim a slot; or a shard's epoch is above current_epoch. Costs a hash
  // over all fields and 32 KB.
  static absl::StatusOr<std::shared_ptr<const SlotMap>> Build(SlotMapData data);
  static std::shared_ptr<const SlotMap> Empty();

  SlotMap(const SlotMap&) = delete;  // It points into itself.
  SlotMap& operator=(const SlotMap&) = delete;

  const SlotMapData& data() const { return data_; }
  const MapVersion& version() const { return data_.version; }

  // The shard that owns `slot`, null if none does. REQUIRES: slot < kSlotCount.
  const ShardInfo* Owner(Slot slot) const {
    const uint16_t index = owner_[slot];
    return index == kNoOwner ? nullptr : &data_.shards[index];
  }
  // The member that serves writes of `slot`, null if there is none.
  const NodeInfo* PrimaryOf(Slot slot) const {
    const uint16_t index = owner_[slot];
    return index == kNoOwner ? nullptr : primary_[index];
  }
  const NodeInfo* FindNode(const NodeId& id) const;     // Null if not a member.
  const ShardInfo* FindShard(const ShardId& id) const;  // Null if unknown.
  const NodeInfo* PrimaryOf(const ShardInfo& shard) const { return FindNode(shard.primary); }
  const ShardInfo* ShardOf(const NodeId& node) const;  // Null if not a member or without a shard.
  int assigned_slots() const { return assigned_slots_; }
  // The same for equal content, over all fields: what heartbeats compare.
  uint64_t digest() const { return digest_; }

 private:
  static constexpr uint16_t kNoOwner = 0xffff;

  explicit SlotMap(SlotMapData data) : data_(std::move(data)) {}
  absl::Status Index();  // Checks data_ and fills what stands below it.
  absl::Status IndexNodes();
  absl::Status IndexShard(uint16_t index);

  SlotMapData data_;
  std::vector<uint16_t> owner_;               // Of each slot: its shard's index in data_.shards.
  std::vector<const NodeInfo*> primary_;      // Of each shard; null if it has none.
  std::vector<const ShardInfo*> node_shard_;  // Of each node; null if it has none.
  absl::flat_hash_map<NodeId, uint32_t> node_index_;
  int assigned_slots_ = 0;
  uint64_t digest_ = 0;
};

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_SLOT_MAP_H_
