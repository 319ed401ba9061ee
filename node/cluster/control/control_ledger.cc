// The control node's dealings with the ledger: proposals and their outcomes, new maps, what it says
// of itself.
#include <algorithm>
#include <utility>

#include "gossip/members.h"
#include "node/cluster/control/control_node.h"
#include "slots/ledger/ledger_driver.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr absl::Duration kSelfRetry = absl::Seconds(1);

// What a client is told of a refusal.
absl::Status StatusOf(const ledger::ApplyResult& result) {
  if (result.ok()) return absl::OkStatus();
  if (result.refusal == ledger::Refusal::kUnknownOutcome) {
    return absl::UnavailableError(
        "CLUSTERDOWN The cluster could not decide in time: no majority of the voters answers. It "
        "may still happen");
  }
  const std::string message = StrCat("ERR ", result.message);
  // For the moment: the log is being begun, or becomes part of another one.
  if (result.refusal == ledger::Refusal::kSealed || result.refusal == ledger::Refusal::kNoLog) {
    return absl::AbortedError(message);
  }
  if (result.refusal == ledger::Refusal::kUnknownLibrary) return absl::NotFoundError(message);
  if (result.refusal == ledger::Refusal::kTooMany) return absl::ResourceExhaustedError(message);
  return absl::FailedPreconditionError(message);
}

std::shared_ptr<const gossip::Members> MembersOf(const slots::SlotMap& map) {
  std::vector<gossip::Member> members;
  members.reserve(map.data().nodes.size());
  for (const slots::NodeInfo& node : map.data().nodes) {
    const slots::ShardInfo* shard = map.ShardOf(node.id);
    const bool primary = shard != nullptr && shard->primary == node.id;
    members.push_back({node.id, node.shard, primary ? shard->primary_boot : 0, node.voter});
  }
  return gossip::Members::Make(std::move(members));
}

}  // namespace

absl::Status ControlNode::StepLedger(const ledger::LedgerInput& input, ControlOutput* out) {
  ledger::LedgerOutput done;
  ledger_->Step(now_, input, &done);
  return Perform(&done, out);
}

absl::Status ControlNode::Propose(const ledger::Change& change, Waiting waiting,
                                  ControlOutput* out) {
  ledger::LedgerOutput done;
  const absl::StatusOr<uint64_t> ticket = ledger_->Propose(now_, change, &done);
  if (ticket.ok()) {
    waiting_.emplace(*ticket, waiting);
  } else {
    ledger::ApplyResult refused;
    refused.refusal = !absl::IsResourceExhausted(ticket.status()) ? ledger::Refusal::kInvalid
                      : std::holds_alternative<ForCaller>(waiting)
                          ? ledger::Refusal::kTooMany
                          : ledger::Refusal::kUnknownOutcome;
    refused.message = std::string(ToStd(ticket.status().message()));
    const absl::Status settled = Settle(waiting, refused, out);
    if (!settled.ok()) return settled;
  }
  return Perform(&done, out);
}

absl::Status ControlNode::Perform(ledger::LedgerOutput* done, ControlOutput* out) {
  const absl::Status stored = ledger::StoreAll(*ledger_, storage_, now_, done);
  if (!stored.ok()) return stored;
  for (ledger::LedgerSend& send : done->sends) {
    SendFrame(send.to, bus::FrameKind::kLedger, std::move(send.bytes), out);
  }
  if (done->map != nullptr) {
    const absl::Status taken = TakeMap(out);
    if (!taken.ok()) return taken;
  }
  if (done->leadership.has_value()) {
    picture_dirty_ = true;
    TellOfSelf(out);
  }
  if (done->answers.empty()) return absl::OkStatus();
  // Whoever is told of an outcome finds it in the picture.
  Publish(/*now=*/true, out);
  const slots::LogId log = ledger_->log();
  for (const ledger::ProposalAnswer& answer : std::exchange(done->answers, {})) {
    if (ledger_->log() != log) break;  // Tickets of the new log are other ones.
    const auto found = waiting_.find(answer.ticket);
    if (found == waiting_.end()) continue;
    const Waiting waiting = found->second;
    waiting_.erase(found);
    const absl::Status settled = Settle(waiting, answer.result, out);
    if (!settled.ok()) return settled;
  }
  return absl::OkStatus();
}

absl::Status ControlNode::Settle(const Waiting& waiting, const ledger::ApplyResult& result,
                                 ControlOutput* out) {
  const bool known = result.refusal != ledger::Refusal::kUnknownOutcome;
  if (const auto* caller = std::get_if<ForCaller>(&waiting)) {
    out->decided.push_back({caller->ticket, StatusOf(result)});
    if (offers_.contains(caller->ticket)) settled_offers_.push_back(caller->ticket);
  } else if (const auto* join = std::get_if<ForJoin>(&waiting)) {
    if (join->number != join_proposal_) return absl::OkStatus();
    std::vector<JoinAction> actions;
    join_->OnDecided(OwnLog(), now_, result, &actions);
    return RunJoin(std::move(actions), out);
  } else if (const auto* joiner = std::get_if<ForJoiner>(&waiting)) {
    return AnswerJoiner(*joiner, result, out);
  } else if (const auto* cancelled = std::get_if<ForCancelledJoiner>(&waiting)) {
    // It may have been taken in by another way meanwhile.
    if (result.refusal == ledger::Refusal::kLogExists) {
      SendJoinAnswer(cancelled->call, {}, /*for_good=*/false, out);
    } else {
      SendJoinAnswer(cancelled->call, cancelled->refused, /*for_good=*/result.ok(), out);
    }
  } else if (const auto* reset = std::get_if<ForReset>(&waiting)) {
    // It may have been forgotten a moment before, as redis-cli does it.
    const bool left = result.ok() || result.refusal == ledger::Refusal::kUnknownMember;
    if (left) {
      const absl::Status anew = BeginAnew(reset->hard, out);
      if (!anew.ok()) return anew;
    }
    out->decided.push_back({reset->ticket, left ? absl::OkStatus() : StatusOf(result)});
  } else if (std::holds_alternative<ForFailover>(waiting)) {
    failover_open_ = false;
    if (!result.ok()) out->notes.push_back(StrCat("No failover: ", result.message));
  } else {
    self_proposal_open_ = false;
    if (!result.ok()) {
      self_proposal_after_ = now_ + kSelfRetry;
      if (known) {
        out->notes.push_back(StrCat("The ledger refused this node's own entry: ", result.message));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ControlNode::TakeMap(ControlOutput* out) {
  const std::shared_ptr<const slots::SlotMap> map = ledger_->map();
  if (map == known_map_) return absl::OkStatus();
  // A node that follows another log from now on shows what it knew until it knows better.
  if (map->version().log.is_zero() && known_map_ != nullptr) return absl::OkStatus();
  NotePlaces(*map);
  known_map_ = map;
  known_view_ = std::make_shared<ledger::View>(ledger_->view());
  picture_dirty_ = true;
  const std::vector<KnownPeer> before = std::exchange(peers_, MembersAddresses());
  for (const KnownPeer& peer : peers_) {
    const bool keep = std::binary_search(kept_.begin(), kept_.end(), peer.node);
    if (std::find(before.begin(), before.end(), peer) == before.end()) {
      out->peers.push_back({peer.node, peer.address, keep});
    }
  }
  for (const KnownPeer& peer : before) {
    if (map->FindNode(peer.node) == nullptr && !map->data().nodes.empty()) {
      out->removed.push_back(peer.node);
    }
  }
  TellOfSelf(out);  // First: no beat of the new map carries an offset of the old place.
  StepGossip(gossip::MapChange{map->version(), map->digest(), MembersOf(*map)}, out);
  const absl::Status saved = RememberPeers(out);
  if (!saved.ok()) return saved;
  Publish(/*now=*/true, out);
  return absl::OkStatus();
}

absl::Status ControlNode::RememberPeers(ControlOutput*) {
  if (ledger_->map()->data().nodes.empty()) return absl::OkStatus();
  if (record_.peers == peers_ && record_.begun) return absl::OkStatus();
  record_.peers = peers_;
  record_.begun = true;
  return file_.Save(record_);
}

std::vector<KnownPeer> ControlNode::MembersAddresses() const {
  // Before the first map what was known before must do.
  if (ledger_->map()->data().nodes.empty()) return peers_;
  std::vector<KnownPeer> peers;
  for (const slots::NodeInfo& node : ledger_->map()->data().nodes) {
    if (node.id == record_.id) continue;
    const auto found = found_.find(node.id);
    const bool moved = found != found_.end() && found->second.first == BusAddress(node);
    peers.push_back({node.id, moved ? found->second.second : BusAddress(node)});
  }
  return peers;
}

// A primary that was restarted leaves the shard to a replica, which has what came after its files;
// if none takes over in time it goes on with those. In synced mode it waits as long as a member of
// the set may still have what was acknowledged: until that one is promoted, comes back as another
// process, or is taken out of the cluster.
bool ControlNode::MayResume(const slots::ShardInfo& shard) const {
  if (shard.replicas.empty() || options_.keeps_every_write) return true;
  const ledger::View& view = ledger_->view();
  const ledger::InSyncSet& set = *view.FindInSync(shard.id);
  if (set.synced) {
    return std::none_of(
        set.members.begin(), set.members.end(), [&](const ledger::NodeBoot& member) {
          return member.node != record_.id && member.boot == view.BootOf(member.node);
        });
  }
  const absl::Duration waited = now_ - began_;
  return waited >= 3 * options_.node_timeout ||
         (waited >= options_.node_timeout / 2 && NoReplicaHasMore(shard));
}

bool ControlNode::LacksData() const {
  const slots::ShardInfo* shard = ledger_->map()->ShardOf(record_.id);
  return shard != nullptr && shard->primary == record_.id && shard->primary_boot != options_.boot &&
         !shard->slots.empty() && !data_accepted_;
}

void ControlNode::NoteWaitForSet(ControlOutput* out) {
  if (waits_for_set_noted_ || now_ < began_ + 3 * options_.node_timeout) return;
  waits_for_set_noted_ = true;
  out->notes.push_back(
      "This primary was restarted, and waits for a replica that was in sync with it: its own files "
      "may lack writes that were acknowledged. If those replicas are lost for good, take them out "
      "of the cluster (CLUSTER FORGET), and it goes on with what its files have.");
}

void ControlNode::NoteIsNoArbiter(ControlOutput* out) {
  if (no_arbiter_noted_) return;
  no_arbiter_noted_ = true;
  out->notes.push_back(
      "This node is of a shard, and so no arbiter, whatever its configuration says: take it out of "
      "the cluster (slotmesh remove-node) and start it again with an empty directory.");
}

// What others are to be told of this node's process, addresses and labels.
std::optional<ledger::Change> ControlNode::WhatIsNewOfSelf(const slots::NodeInfo& known) const {
  slots::NodeInfo info = options_.info;
  info.shard = known.shard;
  info.voter = known.voter;
  info.labels = known.labels;
  // Of a shard it is no arbiter, whatever its configuration says.
  if (!known.shard.is_zero()) info.arbiter = false;
  const slots::BootId boot = ledger_->view().BootOf(record_.id);
  if (boot != options_.boot || info != known) {
    return ledger::MemberUpdated{info, options_.boot, boot};
  }
  if (options_.info.labels != known.labels) {
    return ledger::MemberLabelled{{record_.id, options_.boot}, options_.info.labels};
  }
  return std::nullopt;
}

// Keeps what the ledger says of this node true: its addresses, its process, its shard.
absl::Status ControlNode::MindSelf(ControlOutput* out) {
  const ledger::View& view = ledger_->view();
  const slots::SlotMap& map = *ledger_->map();
  const slots::NodeInfo* self = map.FindNode(record_.id);
  const slots::ShardInfo* shard = map.ShardOf(record_.id);
  const bool primary = shard != nullptr && shard->primary == record_.id;
  const bool stale = primary && shard->primary_boot != options_.boot;
  const bool missing = LacksData();
  if (missing != data_missing_) {
    data_missing_ = missing;
    picture_dirty_ = true;
    picture_at_ = absl::InfinitePast();
    if (missing) {
      out->notes.push_back(
          "This node came up without the data of its slots and does not serve them. If the data is "
          "lost for good, say so with 'slotmesh accept-empty --node' and this node's address.");
    }
  }
  const bool told = !view.members.empty() && view.map.version.sequence >= record_.member_since;
  if (self == nullptr && told) {
    return LeaveBehind(out);
  }
  if (self == nullptr || self_proposal_open_ || now_ < self_proposal_after_ ||
      view.seal.has_value()) {
    return absl::OkStatus();
  }
  if (shard != nullptr && options_.info.arbiter) NoteIsNoArbiter(out);
  std::optional<ledger::Change> change = WhatIsNewOfSelf(*self);
  if (change.has_value()) {
    // That first.
  } else if (shard == nullptr && !self->arbiter) {
    change = ledger::ShardCreated{slots::ShardId::Random(random_), {record_.id, options_.boot}};
  } else if (stale && !missing && !MayResume(*shard)) {
    NoteWaitForSet(out);
  } else if (stale && !missing) {
    change = ledger::PrimaryBooted{shard->id,
                                   shard->epoch,
                                   shard->in_sync_version,
                                   {record_.id, options_.boot},
                                   {{record_.id, options_.boot}}};
  } else if (!carried_libraries_.empty()) {
    if (view.libraries_version != 0) {
      carried_libraries_.clear();
      return absl::OkStatus();
    }
    change = ledger::LibrariesChanged{.declared = carried_libraries_, .replace = true};
  }
  if (!change.has_value()) return absl::OkStatus();
  self_proposal_open_ = true;
  self_proposal_after_ = now_ + kSelfRetry;
  return Propose(*change, ForSelf{}, out);
}

// The cluster goes on without this node: by its own wish, maybe.
absl::Status ControlNode::LeaveBehind(ControlOutput* out) {
  std::optional<ForReset> wish;
  for (auto it = waiting_.begin(); it != waiting_.end() && !wish.has_value(); ++it) {
    if (const auto* reset = std::get_if<ForReset>(&it->second)) wish = *reset;
  }
  std::erase_if(waiting_,
                [](const auto& item) { return std::holds_alternative<ForReset>(item.second); });
  if (!wish.has_value()) {
    out->notes.push_back(
        "This node has been taken out of its cluster and goes on as a cluster of its own");
    join_->ForgetTargets();
  }
  const absl::Status anew = BeginAnew(wish.has_value() && wish->hard, out);
  if (anew.ok() && wish.has_value()) out->decided.push_back({wish->ticket, absl::OkStatus()});
  return anew;
}

absl::Status ControlNode::MindVoters(ControlOutput* out) {
  if (now_ < voters_at_) return absl::OkStatus();
  voters_at_ = now_ + options_.node_timeout / 2;
  const gossip::View view = gossip_->view();
  ledger::VoterHealth health;
  health.alive.push_back(record_.id);
  for (uint32_t i = 0; i < view.size(); ++i) {
    const gossip::MemberView member = view[i];
    if (member.member->id != record_.id && member.incarnation != 0 &&
        member.state == gossip::State::kAlive) {
      health.alive.push_back(member.member->id);
    }
  }
  told_alive_ = health.alive;
  std::sort(told_alive_.begin(), told_alive_.end());
  return StepLedger(std::move(health), out);
}

void ControlNode::SendFrame(const slots::NodeId& to, bus::FrameKind kind, std::string payload,
                            ControlOutput* out) {
  bus::Frame frame;
  frame.kind = kind;
  frame.log = ledger_->log();
  frame.payload = std::move(payload);
  out->sends.push_back({to, std::move(frame)});
}

}  // namespace slotmesh::node
