#include "gossip/budget.h"

#include <algorithm>

#include "gossip/cluster_sim.h"

namespace slotmesh::gossip {
namespace {

void Add(const Load& load, Load* mean, Load* max) {
  mean->kilobytes_per_second += load.kilobytes_per_second;
  mean->messages_per_second += load.messages_per_second;
  max->kilobytes_per_second = std::max(max->kilobytes_per_second, load.kilobytes_per_second);
  max->messages_per_second = std::max(max->messages_per_second, load.messages_per_second);
}

void Divide(Load* load, int by) {
  if (by == 0) return;
  load->kilobytes_per_second /= by;
  load->messages_per_second /= by;
}

}  // namespace

Budget MeasureBudget(int nodes, double seconds, double loss_percent, uint64_t seed) {
  Budget budget{.nodes = nodes, .voters = std::min(nodes, 5)};
  ClusterSim cluster({.seed = seed,
                      .nodes = nodes,
                      .voters = budget.voters,
                      .shard_size = 3,
                      .faults = {.loss_percent = loss_percent},
                      .check_every = 0});
  cluster.OnChange(
      [&](int, const StateChange& change) { budget.deaths += change.after == State::kDead; });
  for (int i = 0; i < nodes; ++i) {
    cluster.SetLocal(i, {.ledger_term = 7, .replication_offset = 1ull << 40, .load_permille = 250});
  }
  cluster.scheduler().RunUntil([&] { return cluster.Converged(); }, absl::Seconds(30),
                               absl::Milliseconds(500));
  // News of the start are passed on for a while.
  cluster.scheduler().RunFor(absl::Seconds(10));
  cluster.ResetTraffic();
  cluster.scheduler().RunFor(absl::Seconds(seconds));
  for (int i = 0; i < nodes; ++i) {
    const sim::Traffic& traffic = cluster.traffic(i);
    const Load load{
        .kilobytes_per_second =
            static_cast<double>(traffic.bytes_sent + traffic.bytes_received) / 1000 / seconds,
        .messages_per_second =
            static_cast<double>(traffic.messages_sent + traffic.messages_received) / seconds};
    if (cluster.IsVoter(i)) {
      Add(load, &budget.voter_mean, &budget.voter_max);
    } else {
      Add(load, &budget.member_mean, &budget.member_max);
    }
  }
  Divide(&budget.voter_mean, budget.voters);
  Divide(&budget.member_mean, nodes - budget.voters);
  return budget;
}

}  // namespace slotmesh::gossip
