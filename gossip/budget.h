// Measures what gossip costs an idle cluster of some size: bytes and messages each second, sent and
// received together, by node. For the budget's test and for the table that :budget_table prints.
#ifndef SLOTMESH_GOSSIP_BUDGET_H_
#define SLOTMESH_GOSSIP_BUDGET_H_

#include <cstdint>

namespace slotmesh::gossip {

struct Load {
  double kilobytes_per_second = 0;  // Of 1000 bytes, as EncodedSize() counts them.
  double messages_per_second = 0;
};

struct Budget {
  int nodes = 0;
  int voters = 0;
  Load member_mean;  // Over non-voters.
  Load member_max;
  Load voter_mean;
  Load voter_max;
  uint64_t deaths = 0;  // Wrongly declared; must be 0.
};

// `nodes` in shards of three, five voters (or as many as there are nodes), T = 3 s. Links lose
// `loss_percent`. Simulates `seconds` after the cluster has settled.
Budget MeasureBudget(int nodes, double seconds, double loss_percent, uint64_t seed);

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_BUDGET_H_
