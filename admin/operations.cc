#include "admin/operations.h"

#include <algorithm>
#include <tuple>

#include "admin/check.h"
#include "admin/member_name.h"
#include "slots/ledger/voter_policy.h"
#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

using slots::NodeId;
using slots::NodeInfo;
using slots::ShardId;
using slots::ShardInfo;
using slots::SlotMap;
using slots::SlotSet;

constexpr uint16_t kBusPortOffset = 10000;

// The status with `prefix` before its message.
absl::Status Prefixed(const absl::Status& status, const std::string& prefix) {
  return {status.code(), absl::StrCat(prefix, status.message())};
}

// Cut into parts of at most kSlotsPerMove slots.
std::vector<Move> Cut(const Move& move) {
  std::vector<Move> parts;
  move.slots.ForEach([&](slots::Slot slot) {
    if (parts.empty() || parts.back().slots.count() == kSlotsPerMove)
      parts.push_back({move.from, move.to, {}});
    parts.back().slots.Add(slot);
  });
  return parts;
}

// Every replica has said that it has its primary's data.
bool AllHaveCopies(const ClusterView& view) {
  return std::all_of(view.nodes.begin(), view.nodes.end(), [&](const NodeState& node) {
    const ShardInfo* const shard = view.map->ShardOf(node.id);
    return shard == nullptr || shard->primary == node.id || node.replication_offset > 0;
  });
}

bool Owns(const SlotMap& map, const ShardId& shard, const SlotSet& slots) {
  const ShardInfo* const info = map.FindShard(shard);
  return info != nullptr && info->slots.ContainsAll(slots);
}

}  // namespace

std::string ToText(const NodeAddress& address) { return StrCat(address.host, ":", address.port); }

absl::StatusOr<NodeInfo> FindMember(const SlotMap& map, const std::string& name) {
  const auto found = FindNamed(
      map.data().nodes, name, [](const NodeInfo& node) { return node.id.ToHex(); },
      [&](const NodeInfo& node) {
        const ShardInfo* const shard = map.FindShard(node.shard);
        const bool is_shard =
            shard != nullptr && shard->primary == node.id && shard->id.ToHex() == name;
        return is_shard || AddressOf(node) == name ||
               (!node.hostname.empty() && StrCat(node.hostname, ":", node.port) == name);
      });
  if (!found.ok()) return found.status();
  return **found;
}

void Operations::Report(std::string phase, std::string text, bool finished) {
  environment_.report({.phase = std::move(phase), .text = std::move(text), .finished = finished});
}

absl::Status Operations::WaitUntil(const std::string& what,
                                   const std::function<bool(const ClusterView&)>& holds,
                                   absl::Duration timeout) {
  const absl::Time end = environment_.now() + timeout;
  for (;;) {
    const absl::StatusOr<ClusterView> view = control_.View();
    if (view.ok() && holds(*view)) return absl::OkStatus();
    if (environment_.cancelled()) return absl::CancelledError("the caller has gone");
    if (environment_.now() >= end) {
      return absl::DeadlineExceededError(StrCat(what, " took longer than ",
                                                absl::FormatDuration(timeout),
                                                "; slotmesh check shows what is wrong"));
    }
    environment_.sleep(kPollEvery);
  }
}

absl::Status Operations::Join(const NodeAddress& node) {
  uint16_t bus_port = node.bus_port;
  if (bus_port == 0) {
    if (node.port > 65535 - kBusPortOffset) {
      return absl::InvalidArgumentError(
          StrCat(ToText(node), ": port + 10000 is no port; name its bus port"));
    }
    bus_port = static_cast<uint16_t>(node.port + kBusPortOffset);
  }
  const absl::Time end = environment_.now() + kSettleTimeout;
  for (;;) {  // An election or a node that is just starting passes.
    const absl::Status status = control_.Meet(node.host, node.port, bus_port, kStepTimeout);
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
      return status.ok() ? status : Prefixed(status, StrCat(ToText(node), ": "));
    }
    if (environment_.cancelled()) return absl::CancelledError("the caller has gone");
    if (environment_.now() >= end) return Prefixed(status, StrCat(ToText(node), ": "));
    environment_.sleep(10 * kPollEvery);
  }
}

absl::StatusOr<Operations::Parts> Operations::DealOut(const std::vector<NodeAddress>& order,
                                                      int replicas) {
  const absl::StatusOr<ClusterView> view = control_.View();
  if (!view.ok()) return view.status();
  Parts parts{.nodes = view->map->data().nodes};
  // In the order the user gave; who is not found by its address comes last. The asked node is
  // first.
  const auto place = [&](const NodeInfo& node) -> size_t {
    if (node.id == view->myself) return 0;
    for (size_t i = 0; i < order.size(); ++i) {
      if (order[i].port == node.port &&
          (order[i].host == node.ip || order[i].host == node.hostname))
        return i + 1;
    }
    return order.size() + 1;
  };
  std::stable_sort(
      parts.nodes.begin(), parts.nodes.end(), [&](const NodeInfo& a, const NodeInfo& b) {
        return std::make_tuple(place(a), a.ip, a.port) < std::make_tuple(place(b), b.ip, b.port);
      });
  std::vector<Host> hosts;
  std::erase_if(parts.nodes, [](const NodeInfo& node) { return node.arbiter; });
  for (const NodeInfo& node : parts.nodes) hosts.push_back({node.ip, node.zone});
  absl::StatusOr<Placement> placement = PlanPlacement(hosts, replicas);
  if (!placement.ok()) return placement.status();
  parts.placement = *std::move(placement);
  return parts;
}

absl::Status Operations::AssignReplicas(const Parts& parts) {
  for (size_t i = 0; i < parts.nodes.size(); ++i) {
    const int primary = parts.placement.primary_of[i];
    if (primary == static_cast<int>(i)) continue;
    const absl::Status status =
        control_.AssignReplica(parts.nodes[i].id, parts.nodes[primary].shard, kStepTimeout);
    if (!status.ok()) return Prefixed(status, StrCat(AddressOf(parts.nodes[i]), ": "));
  }
  return absl::OkStatus();
}

absl::Status Operations::AssignEvenly(const Parts& parts) {
  std::vector<int> primaries = parts.placement.primaries;
  std::sort(primaries.begin(), primaries.end());
  const absl::StatusOr<std::vector<SlotSet>> shares =
      PlanCreate(static_cast<int>(primaries.size()));
  if (!shares.ok()) return shares.status();
  std::vector<std::pair<ShardId, SlotSet>> assignments;
  for (size_t i = 0; i < primaries.size(); ++i) {
    assignments.emplace_back(parts.nodes[primaries[i]].shard, (*shares)[i]);
  }
  return control_.AssignSlots(assignments, kStepTimeout);
}

absl::Status Operations::Form(const std::vector<NodeAddress>& others, int replicas) {
  const absl::StatusOr<ClusterView> view = control_.View();
  if (!view.ok()) return view.status();
  const size_t members = others.size() + 1;
  const int assigned = view->map->assigned_slots();
  if (assigned == slots::kSlotCount && view->map->data().nodes.size() == members && view->ok) {
    Report("done", "the cluster is formed already", true);
    return absl::OkStatus();
  }
  if (assigned != 0) {
    return absl::FailedPreconditionError(
        StrCat("the node already belongs to a cluster that owns ", assigned,
               " slots: add nodes to it with slotmesh add-node, or start with fresh nodes"));
  }
  for (const NodeAddress& node : others) {
    Report("join", StrCat("joining ", ToText(node)));
    if (auto status = Join(node); !status.ok()) return status;
  }
  Report("settle", "waiting until all members know each other");
  auto status = WaitUntil("the joining", [&](const ClusterView& now) {
    return now.map->data().nodes.size() >= members;
  });
  if (!status.ok()) return status;
  const absl::StatusOr<Parts> parts = DealOut(others, replicas);
  if (!parts.ok()) return parts.status();
  const size_t primaries = parts->placement.primaries.size();
  const size_t replicas_made = parts->nodes.size() - primaries;
  if (replicas_made > 0) {
    Report("replicas", StrCat("making ", replicas_made, " nodes replicas"));
    if (status = AssignReplicas(*parts); !status.ok()) return status;
  }
  Report("assign",
         StrCat("dealing ", slots::kSlotCount, " slots out to ", primaries, " primaries"));
  if (status = AssignEvenly(*parts); !status.ok()) return status;
  // Before there are enough voters, one node's failure could stop the cluster.
  status = WaitUntil("the forming", [](const ClusterView& now) {
    const std::vector<NodeInfo>& nodes = now.map->data().nodes;
    const auto voters =
        std::count_if(nodes.begin(), nodes.end(), [](const NodeInfo& node) { return node.voter; });
    return now.ok && static_cast<size_t>(voters) >= ledger::WantedVoters(nodes.size());
  });
  if (!status.ok()) return status;
  if (replicas_made > 0) {
    Report("copy", "waiting until the replicas have copies");
    if (status = WaitUntil("the copying", &AllHaveCopies); !status.ok()) return status;
  }
  const std::string with = replicas_made == 0 ? "" : StrCat(" and ", replicas_made, " replicas");
  Report("done",
         StrCat("the cluster of ", primaries, " primaries", with, " serves all ", slots::kSlotCount,
                " slots"),
         true);
  return absl::OkStatus();
}

absl::StatusOr<ShardId> Operations::FindShard(const SlotMap& map, const std::string& name) const {
  const absl::StatusOr<NodeInfo> node = FindMember(map, name);
  if (!node.ok()) return node.status();
  const ShardInfo* const shard = map.FindShard(node->shard);
  if (shard == nullptr) {
    return absl::FailedPreconditionError(
        StrCat(AddressOf(*node), " holds no shard: it can own no slots"));
  }
  return shard->id;
}

absl::Status Operations::Reshard(const std::string& to, int slots,
                                 const std::vector<std::string>& from, bool dry_run) {
  const absl::StatusOr<ClusterView> view = control_.View();
  if (!view.ok()) return view.status();
  const absl::StatusOr<ShardId> target = FindShard(*view->map, to);
  if (!target.ok()) return target.status();
  std::vector<ShardId> sources;
  for (const std::string& name : from) {
    const absl::StatusOr<ShardId> source = FindShard(*view->map, name);
    if (!source.ok()) return source.status();
    sources.push_back(*source);
  }
  const absl::StatusOr<Plan> plan = PlanReshard(*view->map, *target, slots, sources);
  return plan.ok() ? RunPlan(*plan, dry_run) : plan.status();
}

absl::Status Operations::Rebalance(const std::vector<std::pair<std::string, double>>& weights,
                                   double threshold_percent, bool dry_run) {
  const absl::StatusOr<ClusterView> view = control_.View();
  if (!view.ok()) return view.status();
  absl::flat_hash_map<ShardId, double> by_shard;
  for (const auto& [name, weight] : weights) {
    const absl::StatusOr<ShardId> shard = FindShard(*view->map, name);
    if (!shard.ok()) return shard.status();
    by_shard[*shard] = weight;
  }
  const absl::StatusOr<Plan> plan = PlanRebalance(*view->map, by_shard, threshold_percent);
  return plan.ok() ? RunPlan(*plan, dry_run) : plan.status();
}

absl::Status Operations::RunPlan(const Plan& plan, bool dry_run) {
  const int total = CountSlots(plan);
  environment_.report({.phase = "plan", .slots_total = total, .plan = plan});
  if (plan.empty()) {
    Report("done", "nothing to move", true);
    return absl::OkStatus();
  }
  if (dry_run) {
    Report("done", StrCat("would move ", total, " slots"), true);
    return absl::OkStatus();
  }
  ProgressReport progress{.phase = "move", .slots_total = total};
  for (const Move& move : plan) {
    for (const Move& part : Cut(move)) {
      if (auto status = RunMove(part, &progress); !status.ok()) {
        return Prefixed(status, StrCat("after ", progress.slots_done, " of ", total, " slots: "));
      }
      progress.slots_done += part.slots.count();
      environment_.report(progress);
    }
  }
  progress.phase = "done";
  progress.text = StrCat("moved ", total, " slots");
  progress.finished = true;
  environment_.report(progress);
  return absl::OkStatus();
}

absl::Status Operations::RunMove(const Move& move, ProgressReport* progress) {
  const absl::Time end = environment_.now() + kSettleTimeout;
  absl::StatusOr<std::string> id;
  for (;;) {  // An election passes.
    if (environment_.cancelled()) return absl::CancelledError("the caller has gone");
    id = control_.StartMove(move.from, move.to, move.slots, kStepTimeout);
    if (id.ok()) break;
    if (!absl::IsUnavailable(id.status()) || environment_.now() >= end) return id.status();
    environment_.sleep(10 * kPollEvery);
  }
  const ProgressReport before = *progress;
  if (auto status = WaitForMove(*id, move, before); !status.ok()) return status;
  if (const auto state = control_.FindMove(*id); state.ok()) {
    progress->keys = before.keys + state->keys;
    progress->bytes = before.bytes + state->bytes;
  }
  return absl::OkStatus();
}

absl::Status Operations::WaitForMove(const std::string& id, const Move& move,
                                     const ProgressReport& before) {
  for (;;) {
    if (environment_.cancelled()) {
      (void)control_.CancelMove(id, kStepTimeout);
      return absl::CancelledError("the caller has gone; the running move was cancelled");
    }
    const absl::StatusOr<MoveState> state = control_.FindMove(id);
    if (state.ok() && state->stage == MoveStage::kCommitted) return absl::OkStatus();
    if (state.ok() && state->stage == MoveStage::kAborted) {
      return absl::AbortedError(StrCat("moving slots ", move.slots.ToString(), " was aborted: ",
                                       state->error.empty() ? "no reason given" : state->error,
                                       " (nothing is lost; run the command again)"));
    }
    if (absl::IsNotFound(state.status())) {  // Over and forgotten: the map knows how it ended.
      const absl::StatusOr<ClusterView> view = control_.View();
      if (view.ok() && Owns(*view->map, move.to, move.slots)) return absl::OkStatus();
      if (view.ok())
        return absl::AbortedError(
            StrCat("moving slots ", move.slots.ToString(), " did not complete"));
    }
    if (state.ok()) {
      ProgressReport progress = before;
      progress.keys += state->keys;
      progress.bytes += state->bytes;
      environment_.report(progress);
    }
    environment_.sleep(kPollEvery);
  }
}

}  // namespace slotmesh::admin
