// What a node's gossip is configured with. Plain values; durations follow from the node timeout T
// unless said otherwise.
#ifndef SLOTMESH_GOSSIP_OPTIONS_H_
#define SLOTMESH_GOSSIP_OPTIONS_H_

#include <algorithm>

#include "absl/time/time.h"
#include "gossip/message.h"
#include "slots/ids.h"

namespace slotmesh::gossip {

inline constexpr absl::Duration kNodeTimeoutMin = absl::Milliseconds(500);

struct Options {
  slots::NodeId self;
  slots::BootId boot = 0;             // Not 0.
  Incarnation first_incarnation = 1;  // The wall clock at the process's start, in ms; at least 1.

  absl::Duration node_timeout = absl::Seconds(3);  // T, at least kNodeTimeoutMin.
  absl::Duration probe_interval = absl::Seconds(1);
  int probe_helpers = 3;
  // Streams to random members, besides those to the shard and the voters; one is exchanged each
  // rotation.
  int random_peers = 16;
  absl::Duration rotation_interval = absl::Seconds(60);
  // Suspicions of others that it takes to shorten the time to refute from three T to one
  // (Lifeguard).
  int confirmations = 3;

  absl::Duration beat_interval() const { return node_timeout / 10; }
  // A direct peer not heard for this long is looked into.
  absl::Duration silence_limit() const { return node_timeout / 2; }
  absl::Duration probe_timeout() const { return std::min(node_timeout / 6, probe_interval / 2); }
  // At least this long passes between suspicion and death: several beats, in which to refute it.
  absl::Duration refutation_min() const { return node_timeout / 4; }
  // A step that comes later than this after the one before means that this process was stopped.
  absl::Duration pause_limit() const { return node_timeout / 4; }
  absl::Duration map_retry() const { return node_timeout / 10; }
  // Views must differ from a peer's for this long before records are exchanged.
  absl::Duration sync_patience() const { return node_timeout / 2; }
  absl::Duration sync_interval() const { return node_timeout; }
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_OPTIONS_H_
