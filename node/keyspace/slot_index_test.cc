#include "node/keyspace/slot_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace slotmesh::node {
namespace {

TEST(SlotIndex, FindsRanksAndNeighboursAsAPlainMapDoes) {
  std::mt19937_64 random(1);
  for (const int slots : {1, 2, 127, 128, 129, 16384}) {
    SlotIndex index(slots);
    std::map<int, uint64_t> model;
    EXPECT_EQ(index.NextNonEmpty(0), -1);
    for (int i = 0; i < 3000; ++i) {
      const int slot = static_cast<int>(random() % 40) * 411 % slots;
      if (random() % 3 != 0) {
        index.Add(slot, 1);
        ++model[slot];
      } else if (model.count(slot) > 0) {
        index.Add(slot, -1);
        if (--model[slot] == 0) model.erase(slot);
      }
      if (i % 100 != 0) continue;
      index.CheckInvariants();
      uint64_t rank = 0;
      for (const auto& [at, count] : model) {
        ASSERT_EQ(index.Count(at), count);
        ASSERT_EQ(index.SlotOfRank(rank), at);
        ASSERT_EQ(index.SlotOfRank(rank + count - 1), at);
        rank += count;
      }
      ASSERT_EQ(index.total(), rank);
      for (int from = 0; from <= slots; from += 1 + static_cast<int>(random() % 300)) {
        const auto next = model.lower_bound(from);
        ASSERT_EQ(index.NextNonEmpty(from), next == model.end() ? -1 : next->first) << from;
      }
    }
  }
}

}  // namespace
}  // namespace slotmesh::node
