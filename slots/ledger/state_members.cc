// Who belongs to the cluster, and in which shard.
#include <algorithm>

#include "slots/ledger/apply.h"

namespace slotmesh::ledger {
namespace {

// What a member says about itself, put over what the ledger says about it.
slots::NodeInfo Merged(slots::NodeInfo told, const slots::NodeInfo& known) {
  told.shard = known.shard;
  told.voter = known.voter;
  told.labels = known.labels;
  return told;
}

Verdict CheckInfo(const slots::NodeInfo& info, BootId boot) {
  if (info.id.is_zero()) return Refuse(Refusal::kInvalid, "the node id is zero");
  if (boot == 0) return Refuse(Refusal::kInvalid, "the boot id is zero");
  return Unchanged();
}

// Takes a node out of its shard; a primary only if it leaves nothing behind, its shard then goes
// too.
Verdict LeaveShard(View& view, slots::NodeInfo& node) {
  slots::ShardInfo* shard = MutableShard(view, node.shard);
  if (shard == nullptr) return Unchanged();
  if (shard->primary != node.id) {
    DropReplica(view, *shard, node.id);
  } else if (!shard->slots.empty()) {
    return Refuse(Refusal::kNotEmpty, "node ", node.id.ToHex(), " still owns ",
                  shard->slots.count(), " slots");
  } else if (!shard->replicas.empty()) {
    return Refuse(Refusal::kNotEmpty, "node ", node.id.ToHex(), " still has ",
                  shard->replicas.size(), " replicas");
  } else {
    EraseShard(view, shard->id, "the shard is gone");
  }
  node.shard = {};
  return Changed();
}

}  // namespace

Verdict Apply(View& view, const LogCreated& change) {
  if (!view.map.version.log.is_zero()) {
    return Refuse(Refusal::kLogExists, "the log exists, as ", view.map.version.log.ToHex());
  }
  if (change.log.is_zero()) return Refuse(Refusal::kInvalid, "the log id is zero");
  view.map.version.log = change.log;
  view.map.version.generation = change.generation;
  view.created = change.created;
  return Changed();
}

Verdict Apply(View& view, const GenerationRaised& change) {
  const uint64_t generation = view.map.version.generation;
  if (generation != change.expected_generation || change.generation <= generation) {
    return Refuse(Refusal::kEpochMoved, "the log is at generation ", generation, ", not ",
                  change.expected_generation);
  }
  view.map.version.generation = change.generation;
  return Changed();
}

Verdict Apply(View& view, const MemberJoined& change) {
  if (Verdict bad = CheckInfo(change.info, change.boot); !bad.ok()) return bad;
  if (!change.info.shard.is_zero()) {
    return Refuse(Refusal::kInvalid, "a node joins without a shard");
  }
  if (const slots::NodeInfo* known = MutableNode(view, change.info.id)) {
    if (view.BootOf(known->id) == change.boot && Merged(change.info, *known) == *known) {
      return Unchanged();
    }
    return Refuse(Refusal::kMemberExists, "node ", known->id.ToHex(), " is a member already");
  }
  if (view.members.size() >= kMembersMax) {
    return Refuse(Refusal::kTooMany, "the cluster has ", kMembersMax, " members, the most it can");
  }
  InsertMember(view, change.info, change.boot);
  return Changed();
}

Verdict Apply(View& view, const MemberUpdated& change) {
  if (Verdict bad = CheckInfo(change.info, change.boot); !bad.ok()) return bad;
  slots::NodeInfo* node = MutableNode(view, change.info.id);
  const bool told_before = node != nullptr && view.BootOf(node->id) == change.boot;
  const NodeBoot expected{change.info.id, told_before ? change.boot : change.expected_boot};
  if (Verdict moved = ExpectProcess(view, expected); !moved.ok()) return moved;
  slots::NodeInfo merged = Merged(change.info, *node);
  if (merged.arbiter && !merged.shard.is_zero()) {
    return Refuse(Refusal::kNotEmpty, "node ", node->id.ToHex(), " cannot be an arbiter: it is of ",
                  "shard ", merged.shard.ToHex());
  }
  if (told_before && merged == *node) return Unchanged();
  if (!told_before) {
    for (NodeBoot& member : view.members) {
      if (member.node == node->id) member.boot = change.boot;
    }
    const slots::ShardInfo* shard = view.FindShard(node->shard);
    if (shard != nullptr && shard->primary == node->id) {
      AbortMovesOf(view, shard->id, "the primary restarted");
    }
  }
  *node = std::move(merged);
  return Changed();
}

Verdict Apply(View& view, const MemberLabelled& change) {
  if (Verdict moved = ExpectProcess(view, change.member); !moved.ok()) return moved;
  const slots::NodeLabels& labels = change.labels;
  for (const std::string* text : {&labels.human_name, &labels.client_ipv4, &labels.client_ipv6}) {
    if (text->size() > kLabelBytesMax) {
      return Refuse(Refusal::kInvalid, "a label has ", text->size(), " bytes");
    }
  }
  slots::NodeInfo* node = MutableNode(view, change.member.node);
  if (node->labels == labels) return Unchanged();
  node->labels = labels;
  return Changed();
}

Verdict Apply(View& view, const MemberLeft& change) {
  if (Verdict moved = ExpectProcess(view, change.member); !moved.ok()) return moved;
  slots::NodeInfo* node = MutableNode(view, change.member.node);
  if (view.members.size() == 1) return Refuse(Refusal::kInvalid, "the last member cannot leave");
  if (node->voter) {
    return Refuse(Refusal::kStillVoter, "node ", node->id.ToHex(), " is a voter");
  }
  if (Verdict left = LeaveShard(view, *node); !left.ok()) return left;
  std::erase_if(view.map.nodes,
                [&](const slots::NodeInfo& n) { return n.id == change.member.node; });
  std::erase(view.members, change.member);
  std::erase_if(view.opened, [&](const OpenedSlot& open) {
    return open.migrating_to == change.member.node || open.importing_from == change.member.node;
  });
  return Changed();
}

Verdict Apply(View& view, const ShardCreated& change) {
  if (change.shard.is_zero()) return Refuse(Refusal::kInvalid, "the shard id is zero");
  if (Verdict moved = ExpectProcess(view, change.primary); !moved.ok()) return moved;
  slots::NodeInfo* node = MutableNode(view, change.primary.node);
  if (const slots::ShardInfo* known = view.FindShard(change.shard)) {
    const bool same = known->primary == change.primary.node &&
                      known->primary_boot == change.primary.boot && known->slots.empty();
    if (same) return Unchanged();
    return Refuse(Refusal::kShardExists, "there is a shard ", known->id.ToHex(), " already");
  }
  if (node->arbiter) {
    return Refuse(Refusal::kInvalid, "node ", node->id.ToHex(), " is an arbiter: it holds no data");
  }
  if (Verdict left = LeaveShard(view, *node); !left.ok()) return left;
  slots::ShardInfo shard;
  shard.id = change.shard;
  if (view.members.size() > 1) shard.epoch = ++view.map.current_epoch;  // Else 0: SAFETY 24.
  shard.primary = change.primary.node;
  shard.primary_boot = change.primary.boot;
  node->shard = change.shard;
  InsertShard(view, std::move(shard), {change.primary});
  return Changed();
}

Verdict Apply(View& view, const ReplicaAssigned& change) {
  if (Verdict moved = ExpectProcess(view, change.replica); !moved.ok()) return moved;
  Verdict why;
  const slots::ShardInfo* shard = ExpectShard(view, change.shard, change.expected_epoch, &why);
  if (shard == nullptr) return why;
  slots::NodeInfo* node = MutableNode(view, change.replica.node);
  if (node->arbiter) {
    return Refuse(Refusal::kInvalid, "node ", node->id.ToHex(), " is an arbiter: it holds no data");
  }
  if (node->shard == change.shard) {
    if (shard->primary != node->id) return Unchanged();
    return Refuse(Refusal::kInvalid, "node ", node->id.ToHex(), " is the shard's primary");
  }
  if (Verdict left = LeaveShard(view, *node); !left.ok()) return left;
  node->shard = change.shard;
  MutableShard(view, change.shard)->replicas.push_back(node->id);
  return Changed();
}

Verdict Apply(View& view, const VotersChanged& change) {
  std::vector<NodeId> voters = change.voters;
  std::sort(voters.begin(), voters.end());
  voters.erase(std::unique(voters.begin(), voters.end()), voters.end());
  if (voters == view.voters) return Unchanged();
  view.voters = std::move(voters);
  for (slots::NodeInfo& node : view.map.nodes) {
    node.voter = std::binary_search(view.voters.begin(), view.voters.end(), node.id);
  }
  return Changed();
}

}  // namespace slotmesh::ledger
