// Who may take writes, and until when (SAFETY 5 to 9), as two state machines without any I/O. Times
// are those of the own host's monotonic clock; nothing is assumed about clocks but that each runs
// right within kDriftPpm.
//
// The primary of a shard asks the ledger's leader for its lease with each heartbeat and says when
// it sent it (the stamp, on its own clock). The leader answers with the stamp and with the age of
// its last round that a majority of voters answered. The lease ends T, less drift, after the
// earlier of both sendings. The leader notes on its own clock when the lease is over for sure, and
// takes the shard away from its holder only then; a leader that is new waits T for the leases that
// it does not know of. Since who became leader was voted for after the old leader's last round was
// answered, those are over by then.
//
// For SAFETY 7 the engine asks Admits() when it admits a write and again before the reply leaves.
//
// Thread-compatible; plain values. Each call costs a look-up at most.
#ifndef SLOTMESH_SLOTS_LEDGER_LEASE_H_
#define SLOTMESH_SLOTS_LEDGER_LEASE_H_

#include <map>
#include <optional>

#include "absl/time/time.h"
#include "slots/ids.h"

namespace slotmesh::ledger {

inline constexpr int64_t kDriftPpm = 500;

// Whose lease: the process that is primary of the shard since that epoch.
struct LeaseTerms {
  slots::ShardId shard;
  slots::Epoch epoch = 0;
  slots::BootId boot = 0;
  friend bool operator==(const LeaseTerms&, const LeaseTerms&) = default;
};

struct LeaseGrant {
  LeaseTerms terms;
  absl::Time stamp;    // Of the heartbeat that this answers, on the holder's clock.
  absl::Duration age;  // Of the leader's last round that a majority answered, when this was sent.
};

// How long a lease holds from its stamp on; not above zero if it is no lease at all. Together the
// two clocks may be wrong by twice kDriftPpm over T, and by as much over the age.
absl::Duration LeaseLength(absl::Duration node_timeout, absl::Duration age);

class LeaseHolder {
 public:
  explicit LeaseHolder(absl::Duration node_timeout) : node_timeout_(node_timeout) {}

  // What this process is primary of, absent if of nothing. A lease outlives a change of the epoch
  // alone.
  void SetTerms(const std::optional<LeaseTerms>& terms);
  const std::optional<LeaseTerms>& terms() const { return terms_; }
  // The stamp to ask with; absent if there is nothing to ask for.
  std::optional<absl::Time> Ask(absl::Time now);
  // Takes a grant of any age and in any order; one of other terms, or never asked for, does
  // nothing.
  void OnGrant(const LeaseGrant& grant);
  // Gives the lease up, for a planned failover: nothing is admitted, and no grant taken, until
  // Reclaim() or other terms.
  void Release();
  void Reclaim() { released_ = false; }

  // True if a write may be admitted, or the reply to one may leave.
  bool Admits(absl::Time now) const { return terms_.has_value() && !released_ && now < deadline_; }
  // When the lease ends; InfinitePast if there is none.
  absl::Time deadline() const { return released_ ? absl::InfinitePast() : deadline_; }

 private:
  absl::Duration node_timeout_;
  std::optional<LeaseTerms> terms_;
  absl::Time deadline_ = absl::InfinitePast();
  absl::Time last_ask_ = absl::InfinitePast();
  bool released_ = false;
};

class LeaseGrantor {
 public:
  explicit LeaseGrantor(absl::Duration node_timeout) : node_timeout_(node_timeout) {}

  // This node leads since then, or no longer.
  void Lead(absl::Time since);
  void StopLeading();
  // Answers a heartbeat that arrived now. `majority_round`: when the leader's last round left that
  // a majority answered. Absent: no lease. REQUIRES: it leads, knows all that is committed, and the
  // terms are those of the map.
  std::optional<LeaseGrant> Grant(absl::Time now, const LeaseTerms& terms, absl::Time stamp,
                                  absl::Time majority_round);
  // Somebody else may have granted a lease of the shard that holds until then.
  void NoteForeign(const slots::ShardId& shard, absl::Time until);
  // The holder has stopped and takes no more grants of these terms.
  void OnRelease(const LeaseTerms& terms);
  // Grants nothing for the shard until then: it is about to change hands.
  void Withhold(const slots::ShardId& shard, absl::Time until);
  void Resume(const slots::ShardId& shard) { withheld_.erase(shard); }
  // True if nobody holds a lease of the shard any more (SAFETY 6). Withhold it first, or it may be
  // renewed.
  bool CanTakeOver(const slots::ShardId& shard, absl::Time now) const;

 private:
  absl::Duration node_timeout_;
  absl::Time leads_since_ = absl::InfiniteFuture();
  std::map<slots::ShardId, absl::Time> over_at_;  // On this clock.
  std::map<slots::ShardId, absl::Time> withheld_;
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_LEASE_H_
