// The book-keeping of probes: whom to probe next, which probes are under way, for oneself and for
// others, and how far a node trusts its own judgement.
//
// Thread-compatible plain data; the machine sends, judges and keeps the time.
#ifndef SLOTMESH_GOSSIP_PROBING_H_
#define SLOTMESH_GOSSIP_PROBING_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/time/time.h"
#include "slots/ids.h"

namespace slotmesh::gossip {

// A shuffled round: each candidate once, then a new round in a new order. So each is probed at
// intervals of at most two rounds, and not in step with what other nodes do.
class ProbeRound {
 public:
  // The next one that `accept` takes, starting a new round from `candidates` (called at most once)
  // if this one is through. Nothing if none is acceptable.
  std::optional<slots::NodeId> Next(absl::BitGenRef random,
                                    const std::function<std::vector<slots::NodeId>()>& candidates,
                                    const std::function<bool(const slots::NodeId&)>& accept);

 private:
  std::optional<slots::NodeId> Drain(const std::function<bool(const slots::NodeId&)>& accept);

  std::vector<slots::NodeId> left_;  // Taken from the back.
};

// A probe of one's own.
struct Probe {
  slots::NodeId target;
  absl::Time ask_helpers = absl::InfiniteFuture();  // Infinite once they have been asked.
  absl::Time deadline;
  int helpers = 0;  // Asked.
  int nacks = 0;
};

// A probe on behalf of another.
struct Relay {
  slots::NodeId origin;
  uint64_t origin_probe = 0;
  slots::NodeId target;
  absl::Time nack_at;  // Infinite once the nack has been sent.
  absl::Time expires;
};

// Both are keyed by probe number, which rises; so walks are in order of age.
using Probes = absl::btree_map<uint64_t, Probe>;
using Relays = absl::btree_map<uint64_t, Relay>;
inline constexpr size_t kProbesMax = 4096;
inline constexpr size_t kRelaysMax = 1024;

// Lifeguard's local health: a node whose own probes fail without even a helper's answer is likely
// to be the slow one, and gives others more time.
class LocalHealth {
 public:
  static constexpr int kWorst = 8;

  int score() const { return score_; }  // 0 is healthy.
  void Worsen(int by) { score_ = std::min(kWorst, score_ + std::max(0, by)); }
  void Improve() { score_ = std::max(0, score_ - 1); }

  // Up to double.
  absl::Duration Stretch(absl::Duration time) const { return time * (kWorst + score_) / kWorst; }

 private:
  int score_ = 0;
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_PROBING_H_
