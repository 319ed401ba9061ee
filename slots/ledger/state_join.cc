// How one log becomes part of another (state.h says how the entries play together).
#include <algorithm>
#include <set>

#include "slots/check.h"
#include "slots/ledger/apply.h"
#include "slots/ledger/state.h"

namespace slotmesh::ledger {
namespace {

Verdict RefuseSealed(const View& view) {
  return Refuse(Refusal::kSealed, "log ", view.map.version.log.ToHex(), " is sealed into log ",
                view.seal->into.ToHex());
}

// Gives each shard without an epoch, or with one that another shard has, an epoch of its own.
void SpreadEpochs(View& view) {
  std::set<Epoch> seen = {0};
  for (slots::ShardInfo& shard : view.map.shards) {
    if (seen.insert(shard.epoch).second) continue;
    shard.epoch = ++view.map.current_epoch;
    seen.insert(shard.epoch);
    AbortMovesOf(view, shard.id, "the shard's epoch was raised");
  }
}

Verdict JoinMembers(View& view, const LogJoined& change) {
  if (view.members.size() + change.members.size() > kMembersMax) {
    return Refuse(Refusal::kTooMany, "the cluster would have more than ", kMembersMax, " members");
  }
  for (const JoiningMember& member : change.members) {
    if (member.info.id.is_zero() || member.boot == 0) {
      return Refuse(Refusal::kInvalid, "a joining member has no id or no process");
    }
    if (view.BootOf(member.info.id) != 0) {
      return Refuse(Refusal::kMemberExists, "node ", member.info.id.ToHex(),
                    " is a member already; it has to be forgotten first");
    }
    InsertMember(view, member.info, member.boot);
  }
  return Changed();
}

// Of the joining log's claims and this one's. `view` has the joining members already.
Verdict CheckClaims(const View& view, const JoiningShard& joining, const slots::ShardInfo& info) {
  if (view.FindShard(joining.shard) != nullptr) {
    return Refuse(Refusal::kShardExists, "shard ", joining.shard.ToHex(), " exists in both logs");
  }
  for (const slots::ShardInfo& owner : view.map.shards) {
    if (!owner.slots.Intersects(joining.slots)) continue;
    return Refuse(Refusal::kConflict, "slot ", *(owner.slots & joining.slots).First(),
                  " is owned by ", DescribeOwner(view, owner), " and claimed by ",
                  DescribeOwner(view, info));
  }
  return Unchanged();
}

Verdict JoinShard(View& view, const JoiningShard& joining) {
  slots::ShardInfo shard;
  shard.id = joining.shard;
  shard.epoch = joining.epoch;
  shard.primary = joining.primary.node;
  shard.primary_boot = joining.primary.boot;
  shard.replicas = joining.replicas;
  shard.slots = joining.slots;
  if (Verdict bad = CheckClaims(view, joining, shard); !bad.ok()) return bad;
  if (std::find(joining.in_sync.begin(), joining.in_sync.end(), joining.primary) ==
          joining.in_sync.end() ||
      joining.in_sync_version == 0 || joining.shard.is_zero()) {
    return Refuse(Refusal::kInvalid, "shard ", joining.shard.ToHex(), " is malformed");
  }
  shard.in_sync_version = joining.in_sync_version - 1;  // InsertShard counts one.
  view.map.current_epoch = std::max(view.map.current_epoch, joining.epoch);
  InsertShard(view, std::move(shard), joining.in_sync);
  return Changed();
}

std::vector<CancelledJoin>::iterator FindCancelled(View& view, const LogId& log) {
  return std::find_if(view.cancelled.begin(), view.cancelled.end(),
                      [&log](const CancelledJoin& join) { return join.log == log; });
}

void AddCancelled(View& view, const CancelledJoin& join) {
  const auto known = FindCancelled(view, join.log);
  if (known != view.cancelled.end()) {
    if (known->sealed_at >= join.sealed_at) return;
    view.cancelled.erase(known);
  }
  if (view.cancelled.size() >= kJoinedLogsMax) view.cancelled.erase(view.cancelled.begin());
  view.cancelled.push_back(join);
}

void AddJoined(View& view, const LogId& log) {
  if (view.HasJoined(log)) return;
  if (view.joined.size() >= kJoinedLogsMax) view.joined.erase(view.joined.begin());
  view.joined.push_back(log);
}

}  // namespace

Verdict Apply(View& view, const LogSealed& change) {
  const LogId& log = view.map.version.log;
  if (view.seal.has_value()) {
    if (view.seal->into == change.into) return Unchanged();
    return RefuseSealed(view);
  }
  if (change.into == log || change.into.is_zero()) {
    return Refuse(Refusal::kInvalid, "a log cannot join itself");
  }
  if (!IsOlderLog(change.into_created, change.into, view.created, log)) {
    return Refuse(Refusal::kOlderLog, "log ", log.ToHex(), " is older than log ",
                  change.into.ToHex(), ", which should join it");
  }
  if (!view.moves.empty()) {
    return Refuse(Refusal::kSlotMoving, view.moves.size(), " moves of slots are under way");
  }
  if (view.members.size() > 1 && change.owns_keys) {
    return Refuse(Refusal::kConflict, "a cluster of ", view.members.size(),
                  " members that owns keys cannot be joined into another");
  }
  if (change.addresses.size() > kSealAddressesMax) {
    return Refuse(Refusal::kInvalid, "the seal names too many addresses");
  }
  view.seal =
      Seal{change.into, change.into_created, view.map.version.sequence + 1, change.addresses};
  return Changed();
}

Verdict Apply(View& view, const LogUnsealed& change) {
  if (!view.seal.has_value()) return Unchanged();
  if (view.seal->into != change.into || view.seal->at != change.sealed_at) {
    return RefuseSealed(view);
  }
  view.seal.reset();
  return Changed();
}

Verdict Apply(View& view, const LogJoined& change) {
  if (view.HasJoined(change.log)) return Unchanged();
  if (view.seal.has_value()) return RefuseSealed(view);
  const auto cancelled = FindCancelled(view, change.log);
  if (cancelled != view.cancelled.end() && cancelled->sealed_at >= change.sealed_at) {
    return Refuse(Refusal::kCancelled, "this attempt of log ", change.log.ToHex(),
                  " to join was given up");
  }
  if (!IsOlderLog(view.created, view.map.version.log, change.created, change.log)) {
    return Refuse(Refusal::kOlderLog, "log ", change.log.ToHex(), " is not younger than log ",
                  view.map.version.log.ToHex());
  }
  if (Verdict bad = JoinMembers(view, change); !bad.ok()) return bad;
  for (const JoiningShard& shard : change.shards) {
    if (Verdict bad = JoinShard(view, shard); !bad.ok()) return bad;
  }
  if (Verdict bad = JoinLibraries(view, change.libraries); !bad.ok()) return bad;
  SpreadEpochs(view);
  for (const LogId& log : change.joined) AddJoined(view, log);
  AddJoined(view, change.log);
  for (const CancelledJoin& join : change.cancelled) AddCancelled(view, join);
  return Changed();
}

Verdict Apply(View& view, const JoinCancelled& change) {
  const CancelledJoin& join = change.join;
  if (view.HasJoined(join.log)) {
    return Refuse(Refusal::kLogExists, "log ", join.log.ToHex(), " is part of this one already");
  }
  const auto known = FindCancelled(view, join.log);
  if (known != view.cancelled.end() && known->sealed_at >= join.sealed_at) return Unchanged();
  AddCancelled(view, join);
  return Changed();
}

LogJoined JoinEntry(const View& view) {
  CHECK(view.seal.has_value());
  LogJoined join{.log = view.map.version.log,
                 .created = view.created,
                 .sealed_at = view.seal->at,
                 .joined = view.joined,
                 .cancelled = view.cancelled};
  for (const LibraryRecord& library : view.libraries) join.libraries.push_back(library.declared);
  for (size_t i = 0; i < view.members.size(); ++i) {
    join.members.push_back({view.map.nodes[i], view.members[i].boot});
    join.members.back().info.voter = false;
  }
  for (size_t i = 0; i < view.map.shards.size(); ++i) {
    const slots::ShardInfo& shard = view.map.shards[i];
    join.shards.push_back({.shard = shard.id,
                           .epoch = shard.epoch,
                           .primary = {shard.primary, shard.primary_boot},
                           .replicas = shard.replicas,
                           .in_sync = view.in_sync[i].members,
                           .in_sync_version = shard.in_sync_version,
                           .slots = shard.slots});
  }
  return join;
}

}  // namespace slotmesh::ledger
