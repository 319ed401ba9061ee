// Prints what gossip costs an idle cluster: `bazel run -c opt //gossip:budget_table -- [nodes...]`.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "gossip/budget.h"

int main(int argc, char** argv) {
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) {
    const int nodes = std::atoi(argv[i]);
    if (nodes < 1 || nodes > 5000) {
      std::fprintf(stderr, "usage: budget_table [nodes...], each from 1 to 5000\n");
      return 2;
    }
    sizes.push_back(nodes);
  }
  if (sizes.empty()) sizes = {10, 100, 1000, 2000};
  std::printf("Idle gossip, sent and received together, T = 3 s, 5 voters, shards of 3\n");
  std::printf("%6s  %28s  %28s\n", "", "non-voter (mean / max)", "voter (mean / max)");
  std::printf("%6s  %14s %13s  %14s %13s\n", "nodes", "kB/s", "messages/s", "kB/s", "messages/s");
  for (const int nodes : sizes) {
    const slotmesh::gossip::Budget b = slotmesh::gossip::MeasureBudget(nodes, 20, 0, 1);
    std::printf("%6d  %6.2f / %5.2f %6.0f / %4.0f  %6.1f / %5.1f %6.0f / %4.0f\n", nodes,
                b.member_mean.kilobytes_per_second, b.member_max.kilobytes_per_second,
                b.member_mean.messages_per_second, b.member_max.messages_per_second,
                b.voter_mean.kilobytes_per_second, b.voter_max.kilobytes_per_second,
                b.voter_mean.messages_per_second, b.voter_max.messages_per_second);
    std::fflush(stdout);
  }
  return 0;
}
