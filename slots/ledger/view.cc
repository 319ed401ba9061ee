#include "slots/ledger/view.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace slotmesh::ledger {
namespace {

// The item of a sorted list whose key is `wanted`, null if none is.
template <typename List, typename Key, typename Of>
const typename List::value_type* FindSorted(const List& list, const Key& wanted, Of of) {
  const auto found = std::lower_bound(
      list.begin(), list.end(), wanted,
      [&of](const auto& item, const Key& key) { return std::invoke(of, item) < key; });
  return found == list.end() || std::invoke(of, *found) != wanted ? nullptr : &*found;
}

template <typename List, typename Of>
bool Rises(const List& list, Of of) {
  return std::adjacent_find(list.begin(), list.end(), [&of](const auto& a, const auto& b) {
           return !(std::invoke(of, a) < std::invoke(of, b));
         }) == list.end();
}

template <typename... Parts>
absl::Status Wrong(const Parts&... parts) {
  return absl::InternalError(absl::StrCat("ledger view: ", parts...));
}

absl::Status CheckMembers(const View& view) {
  if (view.members.size() != view.map.nodes.size()) return Wrong("processes and nodes differ");
  for (size_t i = 0; i < view.members.size(); ++i) {
    const slots::NodeInfo& node = view.map.nodes[i];
    if (view.members[i].node != node.id) return Wrong("processes and nodes differ");
    if (view.members[i].boot == 0) return Wrong("member ", node.id.ToHex(), " has no process");
    if (node.voter != std::binary_search(view.voters.begin(), view.voters.end(), node.id)) {
      return Wrong("the voter flag of ", node.id.ToHex(), " is wrong");
    }
  }
  if (!Rises(view.voters, std::identity())) return Wrong("voters are out of order");
  return absl::OkStatus();
}

absl::Status CheckInSync(const View& view) {
  if (view.in_sync.size() != view.map.shards.size()) return Wrong("in-sync sets and shards differ");
  for (size_t i = 0; i < view.in_sync.size(); ++i) {
    const slots::ShardInfo& shard = view.map.shards[i];
    const InSyncSet& set = view.in_sync[i];
    if (set.shard != shard.id) return Wrong("in-sync sets and shards differ");
    if (!Rises(set.members, &NodeBoot::node)) return Wrong("an in-sync set is out of order");
    const bool same = std::equal(set.members.begin(), set.members.end(), shard.in_sync.begin(),
                                 shard.in_sync.end(),
                                 [](const NodeBoot& a, const NodeId& b) { return a.node == b; });
    if (!same) return Wrong("the in-sync sets of shard ", shard.id.ToHex(), " differ");
    if (!std::count(set.members.begin(), set.members.end(),
                    NodeBoot{shard.primary, shard.primary_boot})) {
      return Wrong("the primary of shard ", shard.id.ToHex(), " is not in its in-sync set");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMoves(const View& view) {
  if (!Rises(view.moves, &MovePlan::plan)) return Wrong("moves are out of order");
  slots::SlotSet moving;
  for (const MovePlan& move : view.moves) {
    if (moving.Intersects(move.slots)) return Wrong("two moves have a slot in common");
    moving |= move.slots;
    const slots::ShardInfo* source = view.FindShard(move.source.shard);
    if (source == nullptr || !source->slots.ContainsAll(move.slots)) {
      return Wrong("move ", move.plan.ToHex(), " has slots that its source does not own");
    }
    for (const MoveSide& side : {move.source, move.target}) {
      const slots::ShardInfo* shard = view.FindShard(side.shard);
      if (shard == nullptr || shard->epoch != side.epoch || shard->primary_boot != side.boot) {
        return Wrong("move ", move.plan.ToHex(), " outlived a change of shard ",
                     side.shard.ToHex());
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOpened(const View& view) {
  if (!Rises(view.opened,
             [](const OpenedSlot& open) { return std::pair(open.slot, open.shard); })) {
    return Wrong("open slots are out of order");
  }
  for (const OpenedSlot& open : view.opened) {
    const slots::ShardInfo* shard = view.FindShard(open.shard);
    if (open.slot >= slots::kSlotCount || shard == nullptr ||
        open.migrating_to.is_zero() == open.importing_from.is_zero()) {
      return Wrong("the open slot ", open.slot, " makes no sense");
    }
    if (shard->slots.Contains(open.slot) == open.migrating_to.is_zero()) {
      return Wrong("the open slot ", open.slot, " goes the wrong way");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLibraries(const View& view) {
  const auto name_of = [](const LibraryRecord& library) { return library.declared.name; };
  if (!Rises(view.libraries, name_of)) return Wrong("libraries are out of order");
  for (const LibraryRecord& library : view.libraries) {
    if (library.version == 0 || library.version > view.libraries_version) {
      return Wrong("library ", library.declared.name, " has a version that never was");
    }
  }
  if (view.libraries_version > view.map.version.sequence) return Wrong("libraries are too new");
  return absl::OkStatus();
}

}  // namespace

BootId View::BootOf(const NodeId& node) const {
  const NodeBoot* found = FindSorted(members, node, &NodeBoot::node);
  return found == nullptr ? 0 : found->boot;
}

const slots::ShardInfo* View::FindShard(const ShardId& shard) const {
  return FindSorted(map.shards, shard, &slots::ShardInfo::id);
}

const InSyncSet* View::FindInSync(const ShardId& shard) const {
  return FindSorted(in_sync, shard, &InSyncSet::shard);
}

const MovePlan* View::FindMove(const PlanId& plan) const {
  return FindSorted(moves, plan, &MovePlan::plan);
}

const FinishedMove* View::FindFinished(const PlanId& plan) const {
  const auto found = std::find_if(finished.rbegin(), finished.rend(),
                                  [&plan](const FinishedMove& move) { return move.plan == plan; });
  return found == finished.rend() ? nullptr : &*found;
}

const LibraryRecord* View::FindLibrary(std::string_view name) const {
  const auto found = std::lower_bound(libraries.begin(), libraries.end(), name,
                                      [](const LibraryRecord& library, std::string_view wanted) {
                                        return library.declared.name < wanted;
                                      });
  return found == libraries.end() || found->declared.name != name ? nullptr : &*found;
}

bool View::HasJoined(const LogId& log) const {
  return std::find(joined.begin(), joined.end(), log) != joined.end();
}

bool IsOlderLog(absl::Time a_created, const LogId& a, absl::Time b_created, const LogId& b) {
  return std::tie(a_created, a) < std::tie(b_created, b);
}

absl::Status CheckView(const View& view) {
  for (const auto check : {CheckMembers, CheckInSync, CheckMoves, CheckOpened, CheckLibraries}) {
    if (absl::Status status = check(view); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace slotmesh::ledger
