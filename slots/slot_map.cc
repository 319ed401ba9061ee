#include "slots/slot_map.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "slots/slot_map_digest.h"

namespace slotmesh::slots {
namespace {

// Strictly rising, so without repetition.
template <typename List, typename Key>
bool IsSorted(const List& list, Key key) {
  return std::adjacent_find(list.begin(), list.end(), [&key](const auto& a, const auto& b) {
           return !(key(a) < key(b));
         }) == list.end();
}

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("slot map: ", parts...));
}

}  // namespace

bool IsNewer(const MapVersion& a, const MapVersion& b) {
  if (a.log != b.log) return false;
  if (a.generation != b.generation) return a.generation > b.generation;
  return a.sequence > b.sequence;
}

absl::StatusOr<std::shared_ptr<const SlotMap>> SlotMap::Build(SlotMapData data) {
  std::shared_ptr<SlotMap> map(new SlotMap(std::move(data)));
  if (absl::Status status = map->Index(); !status.ok()) return status;
  return map;
}

std::shared_ptr<const SlotMap> SlotMap::Empty() { return *Build({}); }

absl::Status SlotMap::Index() {
  if (absl::Status status = IndexNodes(); !status.ok()) return status;
  if (data_.shards.size() >= kNoOwner) return Invalid(data_.shards.size(), " shards are too many");
  if (!IsSorted(data_.shards, [](const ShardInfo& shard) { return shard.id; })) {
    return Invalid("shards are not sorted by id, or one stands there twice");
  }
  owner_.assign(kSlotCount, kNoOwner);
  primary_.assign(data_.shards.size(), nullptr);
  node_shard_.assign(data_.nodes.size(), nullptr);
  for (size_t i = 0; i < data_.shards.size(); ++i) {
    if (absl::Status status = IndexShard(static_cast<uint16_t>(i)); !status.ok()) return status;
  }
  for (size_t i = 0; i < data_.nodes.size(); ++i) {
    const NodeInfo& node = data_.nodes[i];
    if (!node.shard.is_zero() && node_shard_[i] == nullptr) {
      return Invalid("node ", node.id.ToHex(), " is of shard ", node.shard.ToHex(),
                     ", which does not name it");
    }
  }
  digest_ = Digest(data_);
  return absl::OkStatus();
}

absl::Status SlotMap::IndexNodes() {
  if (!IsSorted(data_.nodes, [](const NodeInfo& node) { return node.id; })) {
    return Invalid("nodes are not sorted by id, or one stands there twice");
  }
  node_index_.reserve(data_.nodes.size());
  for (size_t i = 0; i < data_.nodes.size(); ++i) {
    const NodeInfo& node = data_.nodes[i];
    if (node.id.is_zero()) return Invalid("a node has the zero id");
    if (node.arbiter && !node.shard.is_zero()) {
      return Invalid("arbiter ", node.id.ToHex(), " is of shard ", node.shard.ToHex());
    }
    node_index_.emplace(node.id, static_cast<uint32_t>(i));
  }
  return absl::OkStatus();
}

absl::Status SlotMap::IndexShard(uint16_t index) {
  const ShardInfo& shard = data_.shards[index];
  if (shard.id.is_zero()) return Invalid("a shard has the zero id");
  const std::string name = shard.id.ToHex();
  if (shard.epoch > data_.current_epoch) {
    return Invalid("shard ", name, " has epoch ", shard.epoch, ", above the current epoch ",
                   data_.current_epoch);
  }
  std::vector<NodeId> members = shard.replicas;
  if (!shard.primary.is_zero()) members.push_back(shard.primary);
  for (const NodeId& id : members) {
    const auto found = node_index_.find(id);
    if (found == node_index_.end()) {
      return Invalid("shard ", name, " names node ", id.ToHex(), ", which is not a member");
    }
    const NodeInfo& node = data_.nodes[found->second];
    if (node.shard != shard.id) {
      return Invalid("shard ", name, " names node ", id.ToHex(), ", which is of shard ",
                     node.shard.ToHex());
    }
    const ShardInfo*& node_shard = node_shard_[found->second];
    if (node_shard != nullptr) return Invalid("shard ", name, " names node ", id.ToHex(), " twice");
    node_shard = &shard;
    if (id == shard.primary) primary_[index] = &node;
  }
  if (!std::is_sorted(shard.in_sync.begin(), shard.in_sync.end()) ||
      std::adjacent_find(shard.in_sync.begin(), shard.in_sync.end()) != shard.in_sync.end()) {
    return Invalid("the in-sync set of shard ", name, " is not sorted, or names a node twice");
  }
  for (const NodeId& id : shard.in_sync) {
    if (ShardOf(id) != &shard) {
      return Invalid("the in-sync set of shard ", name, " names node ", id.ToHex(),
                     ", which is not of the shard");
    }
  }
  absl::Status status;
  shard.slots.ForEach([&](Slot slot) {
    uint16_t& owner = owner_[slot];
    if (owner != kNoOwner && status.ok()) {
      status = Invalid("slot ", slot, " is claimed by the shards ", data_.shards[owner].id.ToHex(),
                       " and ", name);
    }
    owner = index;
    ++assigned_slots_;
  });
  return status;
}

const NodeInfo* SlotMap::FindNode(const NodeId& id) const {
  const auto found = node_index_.find(id);
  return found == node_index_.end() ? nullptr : &data_.nodes[found->second];
}

const ShardInfo* SlotMap::FindShard(const ShardId& id) const {
  const auto found = std::lower_bound(
      data_.shards.begin(), data_.shards.end(), id,
      [](const ShardInfo& shard, const ShardId& wanted) { return shard.id < wanted; });
  return found == data_.shards.end() || found->id != id ? nullptr : &*found;
}

const ShardInfo* SlotMap::ShardOf(const NodeId& node) const {
  const auto found = node_index_.find(node);
  return found == node_index_.end() ? nullptr : node_shard_[found->second];
}

}  // namespace slotmesh::slots
