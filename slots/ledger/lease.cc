#include "slots/ledger/lease.h"

#include <algorithm>

namespace slotmesh::ledger {

// With clocks wrong by d each, a length L and an age A of the holder's and the leader's clocks take
// at most L / (1 - d) and A / (1 - d), and T of the leader's at least T / (1 + d). The lease is
// over before the leader says so if (L + A) / (1 - d) <= T / (1 + d), which L = T - A - 3d (T + A)
// satisfies.
absl::Duration LeaseLength(absl::Duration node_timeout, absl::Duration age) {
  return node_timeout - age - (node_timeout + age) * 3 * kDriftPpm / 1000000;
}

void LeaseHolder::SetTerms(const std::optional<LeaseTerms>& terms) {
  if (terms == terms_) return;
  const bool same_holder = terms.has_value() && terms_.has_value() &&
                           terms->shard == terms_->shard && terms->boot == terms_->boot;
  terms_ = terms;
  released_ = false;
  if (!same_holder) deadline_ = absl::InfinitePast();
}

std::optional<absl::Time> LeaseHolder::Ask(absl::Time now) {
  if (!terms_.has_value() || released_) return std::nullopt;
  last_ask_ = now;
  return now;
}

void LeaseHolder::OnGrant(const LeaseGrant& grant) {
  if (released_ || grant.terms != terms_ || grant.stamp > last_ask_) return;
  if (grant.age < absl::ZeroDuration()) return;
  deadline_ = std::max(deadline_, grant.stamp + LeaseLength(node_timeout_, grant.age));
}

void LeaseHolder::Release() {
  released_ = true;
  deadline_ = absl::InfinitePast();
}

void LeaseGrantor::Lead(absl::Time since) {
  StopLeading();
  leads_since_ = since;
}

void LeaseGrantor::StopLeading() {
  leads_since_ = absl::InfiniteFuture();
  over_at_.clear();
  withheld_.clear();
}

std::optional<LeaseGrant> LeaseGrantor::Grant(absl::Time now, const LeaseTerms& terms,
                                              absl::Time stamp, absl::Time majority_round) {
  if (leads_since_ == absl::InfiniteFuture()) return std::nullopt;
  const auto withheld = withheld_.find(terms.shard);
  if (withheld != withheld_.end() && now < withheld->second) return std::nullopt;
  const LeaseGrant grant{terms, stamp, now - majority_round};
  if (LeaseLength(node_timeout_, grant.age) <= absl::ZeroDuration()) return std::nullopt;
  absl::Time& over_at = over_at_.try_emplace(terms.shard, absl::InfinitePast()).first->second;
  over_at = std::max(over_at, std::min(now, majority_round) + node_timeout_);
  return grant;
}

void LeaseGrantor::NoteForeign(const slots::ShardId& shard, absl::Time until) {
  absl::Time& over_at = over_at_.try_emplace(shard, until).first->second;
  over_at = std::max(over_at, until);
}

void LeaseGrantor::OnRelease(const LeaseTerms& terms) { over_at_.erase(terms.shard); }

void LeaseGrantor::Withhold(const slots::ShardId& shard, absl::Time until) {
  absl::Time& end = withheld_.try_emplace(shard, until).first->second;
  end = std::max(end, until);
}

bool LeaseGrantor::CanTakeOver(const slots::ShardId& shard, absl::Time now) const {
  if (now < leads_since_ + node_timeout_) return false;
  const auto over_at = over_at_.find(shard);
  return over_at == over_at_.end() || now >= over_at->second;
}

}  // namespace slotmesh::ledger
