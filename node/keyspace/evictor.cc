#include "node/keyspace/evictor.h"

#include <algorithm>
#include <utility>

#include "absl/random/uniform_int_distribution.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr uint64_t kLfuCounterMax = 255;

}  // namespace

void Evictor::set_settings(const EvictionSettings& settings) {
  settings_ = settings;
  pool_.clear();  // Its scores mean something else.
}

Evictor::Outcome Evictor::EvictOne(UnixMillis now, absl::BitGenRef random,
                                   absl::FunctionRef<void(bool gone)> around) {
  switch (settings_.order) {
    case EvictionOrder::kNone:
      return Outcome::kNothing;
    case EvictionOrder::kRandom:
      return EvictAny(now, random, around);
    case EvictionOrder::kLru:
    case EvictionOrder::kLfu:
    case EvictionOrder::kTtl:
      return EvictBest(now, random, around);
  }
  return Outcome::kNothing;
}

void Evictor::Sample(Database& db, absl::BitGenRef random, size_t count,
                     absl::FunctionRef<void(int slot, const Entry&)> visit) const {
  if (settings_.expiring_only) {
    db.SampleExpiring(random, count, kBucketsPerSearch, visit);
  } else {
    db.Sample(random, count, visit);
  }
}

uint64_t Evictor::Score(const Entry& entry, UnixMillis now) const {
  switch (settings_.order) {
    case EvictionOrder::kLru:
      return LruIdleSeconds(entry.access_clock(), now);
    case EvictionOrder::kLfu:
      return kLfuCounterMax - LfuCounter(entry.access_clock(), now, keyspace_.lfu_settings());
    case EvictionOrder::kTtl:
      return UINT64_MAX - static_cast<uint64_t>(std::max<UnixMillis>(entry.expiry(), 0));
    case EvictionOrder::kNone:
    case EvictionOrder::kRandom:
      break;
  }
  return 0;
}

void Evictor::Offer(const Database& db, int slot, const Entry& entry, UnixMillis now) {
  if (keyspace_.IsFrozen(slot)) return;
  const uint64_t score = Score(entry, now);
  if (pool_.size() == kPoolSize && score <= pool_.front().score) return;
  for (const Candidate& known : pool_) {
    if (known.database == db.index() && known.key == entry.key()) return;
  }
  if (pool_.size() == kPoolSize) pool_.erase(pool_.begin());
  const auto at = std::upper_bound(
      pool_.begin(), pool_.end(), score,
      [](uint64_t value, const Candidate& candidate) { return value < candidate.score; });
  pool_.insert(at, {score, db.index(), slot, std::string(entry.key())});
}

bool Evictor::Evict(const Candidate& candidate, UnixMillis now,
                    absl::FunctionRef<void(bool gone)> around) {
  Database& db = keyspace_.database(candidate.database);
  const HashedKey key = keyspace_.Hash(candidate.key, candidate.slot);
  const Entry* entry = db.FindRaw(key);
  if (entry == nullptr || (settings_.expiring_only && !entry->has_expiry())) return false;
  if (Score(*entry, now) < candidate.score) return false;
  return db.Evict(key, settings_.lazy, around);
}

Evictor::Outcome Evictor::EvictBest(UnixMillis now, absl::BitGenRef random,
                                    absl::FunctionRef<void(bool gone)> around) {
  bool any = false;
  for (int i = 0; i < keyspace_.database_count(); ++i) {
    Database& db = keyspace_.database(i);
    if (CandidatesIn(db) == 0) continue;
    any = true;
    Sample(db, random, settings_.samples,
           [&](int slot, const Entry& entry) { Offer(db, slot, entry, now); });
  }
  if (!any) return Outcome::kNothing;
  while (!pool_.empty()) {
    const Candidate best = std::move(pool_.back());
    pool_.pop_back();
    if (Evict(best, now, around)) return Outcome::kEvicted;
  }
  return Outcome::kSearching;
}

Evictor::Outcome Evictor::EvictAny(UnixMillis now, absl::BitGenRef random,
                                   absl::FunctionRef<void(bool gone)> around) {
  // A sample begins with the same ones of a bucket each time: any of them is to go.
  constexpr size_t kNeighbours = 7;
  bool any = false;
  for (int i = 0; i < keyspace_.database_count(); ++i) {
    Database& db = keyspace_.database(next_database_);
    next_database_ = (next_database_ + 1) % keyspace_.database_count();
    if (CandidatesIn(db) == 0) continue;
    any = true;
    Candidate chosen;
    size_t seen = 0;
    Sample(db, random, kNeighbours, [&](int slot, const Entry& entry) {
      if (keyspace_.IsFrozen(slot)) return;
      const size_t place = absl::uniform_int_distribution<size_t>(0, seen++)(random);
      if (place == 0) chosen = {0, db.index(), slot, std::string(entry.key())};
    });
    if (seen > 0 && Evict(chosen, now, around)) return Outcome::kEvicted;
  }
  return any ? Outcome::kSearching : Outcome::kNothing;
}

void Evictor::CheckInvariants() const {
  CHECK_LE(pool_.size(), kPoolSize);
  for (size_t i = 1; i < pool_.size(); ++i) CHECK_LE(pool_[i - 1].score, pool_[i].score);
}

}  // namespace slotmesh::node
