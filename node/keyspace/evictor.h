// Evictor: chooses the keys that go when memory is short, and removes them.
//
// Orders: by time of the last access (LRU) or by how often it happens (LFU), both approximate, by
// time to live, or at random; over all keys or over those that expire. Approximate means: a few
// keys are sampled (`samples` per database, more are better and slower), the best are kept in a
// pool between calls, the best of the pool goes. A key that was used or changed since it came into
// the pool is not taken for what it was. In slots that are frozen nothing goes.
//
// Engine thread only. Borrows the keyspace. Reads no clock and makes no randomness. Invariants: the
// pool is sorted and holds at most kPoolSize candidates. Cost per key: about a microsecond; where
// few keys expire a search looks at kBucketsPerSearch buckets and goes on with the next call.
#ifndef SLOTMESH_NODE_KEYSPACE_EVICTOR_H_
#define SLOTMESH_NODE_KEYSPACE_EVICTOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/random/bit_gen_ref.h"
#include "node/keyspace/keyspace.h"

namespace slotmesh::node {

enum class EvictionOrder : uint8_t {
  kNone = 0,  // Nothing goes.
  kLru = 1,
  kLfu = 2,
  kRandom = 3,
  kTtl = 4,  // What expires next goes first; with `expiring_only`.
};

struct EvictionSettings {
  EvictionOrder order = EvictionOrder::kNone;
  bool expiring_only = false;
  size_t samples = 5;
  bool lazy = true;  // Big values are left to the Reclaimer.
};

class Evictor {
 public:
  static constexpr size_t kPoolSize = 16;
  static constexpr uint64_t kBucketsPerSearch = 512;

  enum class Outcome : uint8_t {
    kEvicted = 0,
    kNothing = 1,    // No key may go.
    kSearching = 2,  // None was met this time.
  };

  explicit Evictor(Keyspace& keyspace) : keyspace_(keyspace) {}
  Evictor(const Evictor&) = delete;
  Evictor& operator=(const Evictor&) = delete;

  void set_settings(const EvictionSettings& settings);
  const EvictionSettings& settings() const { return settings_; }

  // Removes one key, which the keyspace's listeners hear; `around` as of Database::Evict.
  Outcome EvictOne(UnixMillis now, absl::BitGenRef random,
                   absl::FunctionRef<void(bool gone)> around);

  void CheckInvariants() const;

 private:
  struct Candidate {
    uint64_t score = 0;  // The highest goes first.
    int database = 0;
    int slot = 0;
    std::string key;
  };

  uint64_t CandidatesIn(const Database& db) const {
    return settings_.expiring_only ? db.expiring() : db.size();
  }
  void Sample(Database& db, absl::BitGenRef random, size_t count,
              absl::FunctionRef<void(int slot, const Entry&)> visit) const;
  uint64_t Score(const Entry& entry, UnixMillis now) const;
  void Offer(const Database& db, int slot, const Entry& entry, UnixMillis now);
  // False if the candidate is not what it was.
  bool Evict(const Candidate& candidate, UnixMillis now, absl::FunctionRef<void(bool gone)> around);
  Outcome EvictBest(UnixMillis now, absl::BitGenRef random,
                    absl::FunctionRef<void(bool gone)> around);
  Outcome EvictAny(UnixMillis now, absl::BitGenRef random,
                   absl::FunctionRef<void(bool gone)> around);

  Keyspace& keyspace_;
  EvictionSettings settings_;
  std::vector<Candidate> pool_;  // By score, the best last.
  int next_database_ = 0;        // For the order at random.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_EVICTOR_H_
