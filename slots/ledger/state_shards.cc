// Who is primary, who is in sync, and a shard's epoch.
#include <algorithm>

#include "slots/ledger/apply.h"

namespace slotmesh::ledger {
namespace {

// The shard, if epoch and in-sync version are those; else null and *why.
slots::ShardInfo* ExpectSet(View& view, const ShardId& id, Epoch epoch, uint64_t version,
                            Verdict* why) {
  slots::ShardInfo* shard = ExpectShard(view, id, epoch, why);
  if (shard == nullptr || shard->in_sync_version == version) return shard;
  *why = Refuse(Refusal::kInSyncMoved, "the in-sync set of shard ", id.ToHex(), " is at version ",
                shard->in_sync_version, ", not ", version);
  return nullptr;
}

bool Holds(const std::vector<NodeBoot>& set, const NodeBoot& member) {
  return std::find(set.begin(), set.end(), member) != set.end();
}

// OK if `set` names nobody twice and holds `primary`.
Verdict CheckSet(std::vector<NodeBoot> set, const NodeBoot& primary) {
  if (!Holds(set, primary)) return Refuse(Refusal::kInvalid, "the set is without the primary");
  std::sort(set.begin(), set.end());
  const auto twice =
      std::adjacent_find(set.begin(), set.end(),
                         [](const NodeBoot& a, const NodeBoot& b) { return a.node == b.node; });
  if (twice == set.end()) return Unchanged();
  return Refuse(Refusal::kInvalid, "the set names node ", twice->node.ToHex(), " twice");
}

// OK if all of `next` but `primary` are in the shard's present set, as the same processes.
Verdict CheckSubset(const View& view, const slots::ShardInfo& shard,
                    const std::vector<NodeBoot>& next, const NodeBoot& primary) {
  if (Verdict bad = CheckSet(next, primary); !bad.ok()) return bad;
  const std::vector<NodeBoot>& now = view.FindInSync(shard.id)->members;
  for (const NodeBoot& member : next) {
    if (member == primary || Holds(now, member)) continue;
    return Refuse(Refusal::kNotInSync, "process ", member.boot, " of node ", member.node.ToHex(),
                  " is not in sync");
  }
  return Unchanged();
}

}  // namespace

Verdict Apply(View& view, const PrimaryBooted& change) {
  slots::ShardInfo* known = MutableShard(view, change.shard);
  if (known != nullptr && known->primary == change.primary.node &&
      known->primary_boot == change.primary.boot) {
    return Unchanged();
  }
  Verdict why;
  slots::ShardInfo* shard =
      ExpectSet(view, change.shard, change.expected_epoch, change.expected_in_sync_version, &why);
  if (shard == nullptr) return why;
  if (shard->primary != change.primary.node) {
    return Refuse(Refusal::kNotReplica, "node ", change.primary.node.ToHex(),
                  " is not the primary of shard ", shard->id.ToHex());
  }
  if (Verdict moved = ExpectProcess(view, change.primary); !moved.ok()) return moved;
  if (Verdict bad = CheckSubset(view, *shard, change.in_sync, change.primary); !bad.ok())
    return bad;
  // A lone node goes on showing epoch 0 (SAFETY 24): the boot id alone tells its processes apart.
  if (view.members.size() > 1 || shard->epoch != 0) shard->epoch = ++view.map.current_epoch;
  shard->primary_boot = change.primary.boot;
  SetInSync(view, *shard, change.in_sync);
  AbortMovesOf(view, shard->id, "the primary restarted");
  return Changed();
}

Verdict Apply(View& view, const PrimaryChanged& change) {
  Verdict why;
  slots::ShardInfo* shard =
      ExpectSet(view, change.shard, change.expected_epoch, change.expected_in_sync_version, &why);
  if (shard == nullptr) return why;
  if (std::count(shard->replicas.begin(), shard->replicas.end(), change.primary.node) == 0) {
    return Refuse(Refusal::kNotReplica, "node ", change.primary.node.ToHex(),
                  " is not a replica of shard ", shard->id.ToHex());
  }
  if (Verdict moved = ExpectProcess(view, change.primary); !moved.ok()) return moved;
  if (!change.outside_set && !Holds(view.FindInSync(shard->id)->members, change.primary)) {
    return Refuse(Refusal::kNotInSync, "process ", change.primary.boot, " of node ",
                  change.primary.node.ToHex(), " is not in sync");
  }
  if (Verdict bad = CheckSubset(view, *shard, change.in_sync, change.primary); !bad.ok())
    return bad;
  // Who moves keys to or from the shard goes on with whoever has them now.
  for (OpenedSlot& open : view.opened) {
    if (open.migrating_to == shard->primary) open.migrating_to = change.primary.node;
    if (open.importing_from == shard->primary) open.importing_from = change.primary.node;
  }
  std::erase(shard->replicas, change.primary.node);
  shard->replicas.push_back(shard->primary);
  shard->primary = change.primary.node;
  shard->primary_boot = change.primary.boot;
  shard->epoch = ++view.map.current_epoch;
  SetInSync(view, *shard, change.in_sync);
  AbortMovesOf(view, shard->id, "the primary changed");
  return Changed();
}

Verdict Apply(View& view, const InSyncChanged& change) {
  Verdict why;
  slots::ShardInfo* shard =
      ExpectSet(view, change.shard, change.expected_epoch, change.expected_in_sync_version, &why);
  if (shard == nullptr) return why;
  const NodeBoot primary{shard->primary, shard->primary_boot};
  if (Verdict bad = CheckSet(change.in_sync, primary); !bad.ok()) return bad;
  for (const NodeBoot& member : change.in_sync) {
    if (member == primary) continue;
    if (Verdict moved = ExpectProcess(view, member); !moved.ok()) return moved;
    if (std::count(shard->replicas.begin(), shard->replicas.end(), member.node) == 0) {
      return Refuse(Refusal::kNotReplica, "node ", member.node.ToHex(),
                    " is not a replica of shard ", shard->id.ToHex());
    }
  }
  SetInSync(view, *shard, change.in_sync);
  return Changed();
}

Verdict Apply(View& view, const WriteSafetyChanged& change) {
  Verdict why;
  slots::ShardInfo* shard =
      ExpectSet(view, change.shard, change.expected_epoch, change.expected_in_sync_version, &why);
  if (shard == nullptr) return why;
  InSyncSet* set = MutableInSync(view, shard->id);
  if (set->synced == change.synced) return Unchanged();
  set->synced = change.synced;
  // Who decided on a failover when the other mode was in force decides again.
  ++shard->in_sync_version;
  return Changed();
}

Verdict Apply(View& view, const ConfigEpochSet& change) {
  slots::ShardInfo* shard = MutableShard(view, change.shard);
  if (shard == nullptr) {
    return Refuse(Refusal::kUnknownShard, "there is no shard ", change.shard.ToHex());
  }
  if (view.members.size() > 1) {
    return Refuse(Refusal::kNotLone, "the cluster has ", view.members.size(), " members");
  }
  if (change.epoch == 0) return Refuse(Refusal::kInvalid, "the epoch is 0");
  if (shard->epoch != 0) {
    return Refuse(Refusal::kEpochAlreadySet, "the epoch is ", shard->epoch, " already");
  }
  shard->epoch = change.epoch;
  view.map.current_epoch = std::max(view.map.current_epoch, change.epoch);
  return Changed();
}

Verdict Apply(View& view, const EpochBumped& change) {
  Verdict why;
  slots::ShardInfo* shard = ExpectShard(view, change.shard, change.expected_epoch, &why);
  if (shard == nullptr) return why;
  if (shard->epoch != 0 && shard->epoch == view.map.current_epoch) return Unchanged();
  shard->epoch = ++view.map.current_epoch;
  AbortMovesOf(view, shard->id, "the shard's epoch was raised");
  return Changed();
}

}  // namespace slotmesh::ledger
