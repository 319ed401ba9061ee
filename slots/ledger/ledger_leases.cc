// Leases between the primaries and the leader (lease.h), and what has to wait until one is over.
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

// The shard that the entry takes away from a process that may still hold its lease, null if none. A
// primary that says itself that it runs anew speaks of a process that has ended: two cannot run on
// one folder.
const ShardId* ShardTakenOver(const Entry& entry) {
  if (const auto* changed = std::get_if<PrimaryChanged>(&entry.change)) return &changed->shard;
  const auto* booted = std::get_if<PrimaryBooted>(&entry.change);
  if (booted == nullptr || entry.proposal.node == booted->primary.node) return nullptr;
  return &booted->shard;
}

}  // namespace

void Ledger::Impl::UpdateTerms() {
  holder_.SetTerms(TermsOf(view(), {options_.self, options_.boot}));
}

void Ledger::Impl::TickLease(absl::Time now, LedgerOutput* out) {
  if (now < next_ask_ || !holder_.terms().has_value()) return;
  next_ask_ = now + options_.node_timeout / 10;
  const std::optional<absl::Time> stamp = holder_.Ask(now);
  if (!stamp.has_value()) return;
  const LeaseAskFrame ask{*holder_.terms(), *stamp};
  if (raft_.role() == Role::kLeader) return On(now, options_.self, ask, out);
  SendTo(LeaderOrGuess(now), ask, out);
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const LeaseAskFrame& frame,
                      LedgerOutput* out) {
  if (!raft_.is_settled_leader()) return;
  const slots::ShardInfo* shard = state_.view().FindShard(frame.terms.shard);
  const bool its_own = shard != nullptr && shard->primary == from &&
                       shard->epoch == frame.terms.epoch && shard->primary_boot == frame.terms.boot;
  if (!its_own) return;
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
  if (shard == nullptr) return false;
  State trial = state_;
  if (!trial.Apply(entry).changed)
    return false;  // It will come to nothing: no reason to stop anybody.
  grantor_.Withhold(*shard, now + options_.node_timeout);
  if (!grantor_.CanTakeOver(*shard, now)) return true;
  grantor_.Withhold(*shard,
                    absl::InfiniteFuture());  // It is as good as gone, until the entry is applied.
  return false;
}

void Ledger::Impl::ResumeLease(const Entry& entry) {
  if (const ShardId* shard = ShardTakenOver(entry)) grantor_.Resume(*shard);
}

}  // namespace slotmesh::ledger
