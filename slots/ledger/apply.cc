#include "slots/ledger/apply.h"

#include <algorithm>

#include "slots/check.h"

namespace slotmesh::ledger {
namespace {

template <typename List, typename Item, typename Less>
void InsertSorted(List& list, Item item, Less less) {
  list.insert(std::upper_bound(list.begin(), list.end(), item, less), std::move(item));
}

constexpr auto kById = [](const auto& a, const auto& b) { return a.id < b.id; };

}  // namespace

slots::NodeInfo* MutableNode(View& view, const NodeId& node) {
  const auto found = std::lower_bound(
      view.map.nodes.begin(), view.map.nodes.end(), node,
      [](const slots::NodeInfo& info, const NodeId& wanted) { return info.id < wanted; });
  return found == view.map.nodes.end() || found->id != node ? nullptr : &*found;
}

slots::ShardInfo* MutableShard(View& view, const ShardId& shard) {
  return const_cast<slots::ShardInfo*>(view.FindShard(shard));
}

InSyncSet* MutableInSync(View& view, const ShardId& shard) {
  return const_cast<InSyncSet*>(view.FindInSync(shard));
}

void InsertMember(View& view, slots::NodeInfo info, BootId boot) {
  info.labels = {};
  info.voter = std::binary_search(view.voters.begin(), view.voters.end(), info.id);
  InsertSorted(view.members, NodeBoot{info.id, boot}, std::less<NodeBoot>());
  InsertSorted(view.map.nodes, std::move(info), kById);
}

void InsertShard(View& view, slots::ShardInfo shard, std::vector<NodeBoot> in_sync) {
  const ShardId id = shard.id;
  InsertSorted(view.in_sync, InSyncSet{id, {}},
               [](const InSyncSet& a, const InSyncSet& b) { return a.shard < b.shard; });
  InsertSorted(view.map.shards, std::move(shard), kById);
  SetInSync(view, *MutableShard(view, id), std::move(in_sync));
}

void EraseShard(View& view, ShardId shard, std::string_view reason) {
  AbortMovesOf(view, shard, reason);
  const auto is_it = [&shard](const auto& info) { return info.id == shard; };
  std::erase_if(view.map.shards, is_it);
  std::erase_if(view.in_sync, [&shard](const InSyncSet& set) { return set.shard == shard; });
  std::erase_if(view.opened, [&shard](const OpenedSlot& open) { return open.shard == shard; });
}

void SetInSync(View& view, slots::ShardInfo& shard, std::vector<NodeBoot> members) {
  std::sort(members.begin(), members.end());
  shard.in_sync.clear();
  for (const NodeBoot& member : members) shard.in_sync.push_back(member.node);
  ++shard.in_sync_version;
  InSyncSet* set = MutableInSync(view, shard.id);
  CHECK(set != nullptr);
  set->members = std::move(members);
}

void DropReplica(View& view, slots::ShardInfo& shard, const NodeId& node) {
  std::erase(shard.replicas, node);
  std::vector<NodeBoot> members = view.FindInSync(shard.id)->members;
  if (std::erase_if(members, [&node](const NodeBoot& member) { return member.node == node; }) > 0) {
    SetInSync(view, shard, std::move(members));
  }
}

void FinishMove(View& view, const PlanId& plan, bool committed, std::string_view reason) {
  std::erase_if(view.moves, [&plan](const MovePlan& move) { return move.plan == plan; });
  if (view.finished.size() >= kFinishedMovesMax) view.finished.erase(view.finished.begin());
  view.finished.push_back({.plan = plan,
                           .committed = committed,
                           .reason = std::string(reason.substr(0, kReasonMax)),
                           .sequence = view.map.version.sequence + 1});
}

void AbortMovesOf(View& view, const ShardId& shard, std::string_view reason) {
  std::vector<PlanId> plans;
  for (const MovePlan& move : view.moves) {
    if (move.source.shard == shard || move.target.shard == shard) plans.push_back(move.plan);
  }
  for (const PlanId& plan : plans) FinishMove(view, plan, false, reason);
}

void CloseSlots(View& view, const ShardId& shard, const slots::SlotSet& slots) {
  std::erase_if(view.opened, [&](const OpenedSlot& open) {
    return open.shard == shard && slots.Contains(open.slot);
  });
}

const MovePlan* FindMoving(const View& view, const slots::SlotSet& slots, slots::Slot* slot) {
  for (const MovePlan& move : view.moves) {
    if (!move.slots.Intersects(slots)) continue;
    *slot = *(move.slots & slots).First();
    return &move;
  }
  return nullptr;
}

slots::ShardInfo* ExpectShard(View& view, const ShardId& shard, Epoch epoch, Verdict* why) {
  slots::ShardInfo* found = MutableShard(view, shard);
  if (found == nullptr) {
    *why = Refuse(Refusal::kUnknownShard, "there is no shard ", shard.ToHex());
    return nullptr;
  }
  if (found->epoch != epoch) {
    *why = Refuse(Refusal::kEpochMoved, "shard ", shard.ToHex(), " is at epoch ", found->epoch,
                  ", not ", epoch);
    return nullptr;
  }
  return found;
}

Verdict ExpectProcess(const View& view, const NodeBoot& member) {
  const BootId boot = view.BootOf(member.node);
  if (boot == 0) {
    return Refuse(Refusal::kUnknownMember, "node ", member.node.ToHex(), " is not a member");
  }
  if (boot != member.boot) {
    return Refuse(Refusal::kBootMoved, "node ", member.node.ToHex(), " runs process ", boot,
                  ", not ", member.boot);
  }
  return Unchanged();
}

std::string DescribeOwner(const View& view, const slots::ShardInfo& shard) {
  std::string text = absl::StrCat("shard ", shard.id.ToHex());
  for (const slots::NodeInfo& node : view.map.nodes) {
    if (node.id != shard.primary) continue;
    const uint16_t port = node.port != 0 ? node.port : node.tls_port;
    absl::StrAppend(&text, " (primary ", node.id.ToHex(), " at ", node.ip, ":", port, ")");
  }
  return text;
}

}  // namespace slotmesh::ledger
