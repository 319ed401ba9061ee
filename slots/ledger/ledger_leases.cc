// Leases between the primaries and the leader (lease.h), and what has to wait until one is over.
#include <algorithm>
#include <utility>

#include "slots/ledger/ledger_impl.h"

namespace slotmesh::ledger {
namespace {

// What this node is primary of by that view, as this very process.
std::optional<LeaseTerms> TermsOf(const View& view, const NodeBoot& self) {
  for (const slots::ShardInfo& shard : view.map.shards) {
    if (shard.primary != self.node || shard.primary_boot != self.boot) continue;
    return LeaseTerms{shard.id, shard.epoch, self.boot};
  }
  return std::nullopt;
}

// The shard that the change takes slots from, null if none.
const ShardId* ShardThatLost(const Change& change) {
  if (const auto* lost = std::get_if<SlotsUnassigned>(&change)) return &lost->shard;
  if (const auto* lost = std::get_if<SlotsReassigned>(&change)) return &lost->source;
  if (const auto* lost = std::get_if<MoveCommitted>(&change)) return &lost->source.shard;
  return nullptr;
}

// The shard that the entry takes away from a process that may still hold its lease, or takes slots
// from; null if none. A primary that says itself that it runs anew speaks of a process that has
// ended: two cannot run on one folder.
const ShardId* ShardTakenOver(const Entry& entry) {
  if (const auto* changed = std::get_if<PrimaryChanged>(&entry.change)) return &changed->shard;
  if (const auto* booted = std::get_if<PrimaryBooted>(&entry.change)) {
    return entry.proposal.node == booted->primary.node ? nullptr : &booted->shard;
  }
  const bool moved = std::holds_alternative<MoveCommitted>(entry.change);
  return moved ? nullptr : ShardThatLost(entry.change);
}

// The shard's own primary process proposes to give slots away: it has stopped to take writes there.
bool HasLosersWord(const View& view, const Entry& entry, const ShardId& id) {
  if (std::holds_alternative<PrimaryChanged>(entry.change)) return false;
  const slots::ShardInfo* shard = view.FindShard(id);
  return shard != nullptr && shard->primary == entry.proposal.node &&
         shard->primary_boot == entry.proposal.boot;
}

}  // namespace

void Ledger::Impl::UpdateTerms() {
  const std::optional<LeaseTerms> before = holder_.terms();
  holder_.SetTerms(TermsOf(view(), {options_.self, options_.boot}));
  // Who waits for the new primary waits for this.
  if (holder_.terms() != before) next_ask_ = absl::InfinitePast();
}

void Ledger::Impl::TickLease(absl::Time now, LedgerOutput* out) {
  if (now < next_ask_ || !holder_.terms().has_value()) return;
  next_ask_ = now + options_.node_timeout / 10;
  const std::optional<absl::Time> stamp = holder_.Ask(now);
  if (!stamp.has_value()) return;
  const LeaseAskFrame ask{*holder_.terms(), *stamp, view().map.version.sequence};
  if (raft_.role() == Role::kLeader) return On(now, options_.self, ask, out);
  SendTo(LeaderOrGuess(now), ask, out);
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const LeaseAskFrame& frame,
                      LedgerOutput* out) {
  // A log that joins another grants nothing: the other one counts on that.
  if (!raft_.is_settled_leader() || state_.view().seal.has_value()) return;
  const slots::ShardInfo* shard = state_.view().FindShard(frame.terms.shard);
  const bool its_own = shard != nullptr && shard->primary == from &&
                       shard->epoch == frame.terms.epoch && shard->primary_boot == frame.terms.boot;
  if (!its_own || !KnowsItsLosses(frame)) return;
  const std::optional<LeaseGrant> grant =
      grantor_.Grant(now, frame.terms, frame.stamp, raft_.majority_round());
  if (!grant.has_value()) return;
  if (from == options_.self) return holder_.OnGrant(*grant);
  SendTo(from, LeaseGrantFrame{grant->terms, grant->stamp, grant->age}, out);
}

void Ledger::Impl::On(absl::Time, const NodeId& from, const LeaseGrantFrame& frame, LedgerOutput*) {
  leader_hint_ = from;
  holder_.OnGrant({frame.terms, frame.stamp, frame.age});
}

void Ledger::Impl::On(absl::Time, const NodeId& from, const LeaseReleaseFrame& frame,
                      LedgerOutput*) {
  const slots::ShardInfo* shard = state_.view().FindShard(frame.terms.shard);
  const bool its_own = shard != nullptr && shard->primary == from &&
                       shard->epoch == frame.terms.epoch && shard->primary_boot == frame.terms.boot;
  if (its_own) grantor_.OnRelease(frame.terms);
}

void Ledger::Impl::ReleaseLease(absl::Time now, LedgerOutput* out) {
  if (!holder_.terms().has_value()) return;
  const LeaseReleaseFrame release{*holder_.terms()};
  holder_.Release();
  if (raft_.role() == Role::kLeader) return On(now, options_.self, release, out);
  SendTo(LeaderOrGuess(now), release, out);
}

// True if the change has to wait until the lease that it ends has run out; from now on it is not
// renewed.
bool Ledger::Impl::WaitsForLease(absl::Time now, const Entry& entry) {
  const ShardId* shard = ShardTakenOver(entry);
  if (shard == nullptr || HasLosersWord(state_.view(), entry, *shard)) return false;
  // Only with nothing on its way through the log is it certain what the entry will come to.
  if (raft_.applied_index() != raft_.log().last_index()) return true;
  State trial = state_;
  if (!trial.Apply(entry).changed)
    return false;  // It will come to nothing: no reason to stop anybody.
  grantor_.Withhold(*shard, now + options_.node_timeout);
  if (!grantor_.CanTakeOver(*shard, now)) return true;
  grantor_.Withhold(*shard,
                    absl::InfiniteFuture());  // It is as good as gone, until the entry is applied.
  return false;
}

void Ledger::Impl::NoteLeases(const Entry& entry, const ApplyResult& result) {
  if (const ShardId* shard = ShardTakenOver(entry)) grantor_.Resume(*shard);
  if (!result.changed || result.repeated) return;
  if (const ShardId* shard = ShardThatLost(entry.change)) {
    if (lost_at_.size() >= kMembersMax) {
      restored_at_ = result.sequence;
      lost_at_.clear();
    }
    lost_at_[*shard] = result.sequence;
  }
  // Their own log granted the last leases before it was sealed.
  const auto* joined = std::get_if<LogJoined>(&entry.change);
  if (joined == nullptr || !raft_.is_settled_leader()) return;
  for (const JoiningShard& shard : joined->shards) {
    grantor_.NoteForeign(shard.shard, now_ + options_.node_timeout);
  }
}

// A primary that does not know yet which slots its shard has lost gets no lease: another shard may
// serve them (SAFETY 8).
bool Ledger::Impl::KnowsItsLosses(const LeaseAskFrame& frame) const {
  const auto lost = lost_at_.find(frame.terms.shard);
  return frame.sequence >= std::max(lost == lost_at_.end() ? 0 : lost->second, restored_at_);
}

}  // namespace slotmesh::ledger
