// What happens to single members: they join, give their slots away, leave, take over.
#include <algorithm>
#include <optional>

#include "admin/check.h"
#include "admin/operations.h"
#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

using slots::NodeId;
using slots::NodeInfo;
using slots::ShardId;
using slots::ShardInfo;
using slots::SlotMap;

const NodeState* FindState(const ClusterView& view, const NodeId& node) {
  const auto found = std::find_if(view.nodes.begin(), view.nodes.end(),
                                  [&](const NodeState& state) { return state.id == node; });
  return found == view.nodes.end() ? nullptr : &*found;
}

const NodeInfo* FindByAddress(const SlotMap& map, const NodeAddress& address) {
  for (const NodeInfo& node : map.data().nodes) {
    const bool same = node.ip == address.host || node.hostname == address.host;
    if (same && node.port == address.port) return &node;
  }
  return nullptr;
}

bool IsPrimary(const ShardInfo* shard, const NodeId& node) {
  return shard != nullptr && shard->primary == node;
}

// Of the shards with slots, but for `without`, the one with the fewest replicas; null if there is
// none.
const ShardInfo* NeediestShard(const SlotMap& map, const ShardId& without) {
  const ShardInfo* neediest = nullptr;
  for (const ShardInfo& shard : map.data().shards) {
    if (shard.id == without || shard.slots.empty()) continue;
    if (neediest == nullptr || shard.replicas.size() < neediest->replicas.size()) {
      neediest = &shard;
    }
  }
  return neediest;
}

}  // namespace

absl::Status Operations::AddNode(const NodeAddress& node, const std::string& replica_of) {
  const absl::StatusOr<ClusterView> before = control_.View();
  if (!before.ok()) return before.status();
  std::optional<ShardId> shard;
  if (!replica_of.empty()) {
    const absl::StatusOr<ShardId> found = FindShard(*before->map, replica_of);
    if (!found.ok()) return found.status();
    shard = *found;
  }
  Report("join", StrCat("joining ", ToText(node)));
  if (auto status = Join(node); !status.ok()) return status;
  std::optional<NodeId> joined;
  const auto is_member = [&](const ClusterView& now) {
    if (const NodeInfo* found = FindByAddress(*now.map, node)) joined = found->id;
    // It may call itself by another address than the user does.
    for (const NodeInfo& each : now.map->data().nodes) {
      if (!joined.has_value() && before->map->FindNode(each.id) == nullptr) joined = each.id;
    }
    return joined.has_value();
  };
  if (auto status = WaitUntil("the joining", is_member); !status.ok()) return status;
  if (!shard.has_value()) {
    Report("done",
           StrCat(ToText(node), " is a member; it owns no slots yet (next: slotmesh rebalance)"),
           true);
    return absl::OkStatus();
  }
  if (auto status = MakeReplica(*joined, *shard); !status.ok()) return status;
  Report("done", StrCat(ToText(node), " is a replica and has a copy"), true);
  return absl::OkStatus();
}

absl::Status Operations::MakeReplica(const NodeId& node, const ShardId& shard) {
  Report("replicas", "making it a replica");
  if (auto status = control_.AssignReplica(node, shard, kStepTimeout); !status.ok()) return status;
  Report("copy", "waiting until it has a copy");
  return WaitUntil(
      "the copying",
      [&](const ClusterView& now) {
        const ShardInfo* const own = now.map->ShardOf(node);
        const NodeState* const state = FindState(now, node);
        return own != nullptr && own->id == shard && state != nullptr &&
               state->replication_offset > 0;
      },
      kCopyTimeout);
}

absl::Status Operations::DrainShard(const ClusterView& view, const NodeInfo& node) {
  const ShardInfo* const shard = view.map->ShardOf(node.id);
  if (!IsPrimary(shard, node.id) || shard->slots.empty()) return absl::OkStatus();
  const NodeState* const state = FindState(view, node.id);
  if (state != nullptr && state->health == NodeHealth::kFailed) {
    return absl::FailedPreconditionError(
        StrCat(AddressOf(node), " is down and owns ", shard->slots.count(),
               " slots: their data is there or with a replica. Start it again, or let a replica "
               "take over (slotmesh failover)"));
  }
  const absl::StatusOr<Plan> plan = PlanDrain(*view.map, shard->id);
  return plan.ok() ? RunPlan(*plan, /*dry_run=*/false) : plan.status();
}

absl::Status Operations::Drain(const std::string& name) {
  const absl::StatusOr<ClusterView> view = control_.View();
  if (!view.ok()) return view.status();
  const absl::StatusOr<NodeInfo> node = FindMember(*view->map, name);
  if (!node.ok()) return node.status();
  if (auto status = DrainShard(*view, *node); !status.ok()) return status;
  Report("done", StrCat(AddressOf(*node), " owns no slots"), true);
  return absl::OkStatus();
}

absl::Status Operations::DealOutReplicas(const NodeInfo& primary) {
  for (;;) {
    const absl::StatusOr<ClusterView> view = control_.View();
    if (!view.ok()) return view.status();
    const ShardInfo* const shard = view->map->ShardOf(primary.id);
    if (!IsPrimary(shard, primary.id) || shard->replicas.empty()) return absl::OkStatus();
    const NodeId replica = shard->replicas.front();
    const ShardInfo* const next = NeediestShard(*view->map, shard->id);
    if (next == nullptr) return absl::OkStatus();
    Report("replicas", StrCat("giving ", AddressOf(*view->map->FindNode(replica)),
                              ", its replica, to another primary"));
    auto status = control_.AssignReplica(replica, next->id, kStepTimeout);
    if (!status.ok()) return status;
    status = WaitUntil("the change of primary", [&](const ClusterView& now) {
      const ShardInfo* const own = now.map->ShardOf(replica);
      return own == nullptr || own->primary != primary.id;
    });
    if (!status.ok()) return status;
  }
}

absl::Status Operations::RemoveNode(const std::string& name) {
  const absl::StatusOr<ClusterView> view = control_.View();
  if (!view.ok()) return view.status();
  const absl::StatusOr<NodeInfo> node = FindMember(*view->map, name);
  if (!node.ok()) return node.status();
  if (auto status = DrainShard(*view, *node); !status.ok()) return status;
  if (auto status = DealOutReplicas(*node); !status.ok()) return status;
  Report("remove", StrCat("taking ", AddressOf(*node), " out"));
  if (auto status = control_.Forget(node->id, kStepTimeout); !status.ok()) return status;
  auto status = WaitUntil("the removal", [&](const ClusterView& now) {
    return now.map->FindNode(node->id) == nullptr || now.myself == node->id;
  });
  if (!status.ok()) return status;
  Report("done", StrCat(AddressOf(*node), " is no member any more"), true);
  return absl::OkStatus();
}

absl::Status Operations::Failover(bool force, bool accept_data_loss) {
  const absl::StatusOr<ClusterView> view = control_.View();
  if (!view.ok()) return view.status();
  const NodeId self = view->myself;
  const auto leads = [&](const ClusterView& now) {
    return IsPrimary(now.map->ShardOf(self), self);
  };
  if (!leads(*view)) {
    Report("failover", force ? "taking over" : "asking the primary to make way");
    auto status = control_.Failover(force, accept_data_loss, kStepTimeout);
    if (!status.ok()) return status;
    status = WaitUntil("the failover", leads, kFailoverTimeout);
    if (!status.ok()) return status;
  }
  const NodeInfo* const node = view->map->FindNode(self);
  Report("done", StrCat(node == nullptr ? "the node" : AddressOf(*node), " is the primary"), true);
  return absl::OkStatus();
}

}  // namespace slotmesh::admin
