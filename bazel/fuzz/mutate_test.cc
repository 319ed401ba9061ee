#include "bazel/fuzz/mutate.h"

#include <gtest/gtest.h>

#include <set>

namespace slotmesh::fuzz {
namespace {

TEST(Mutate, SameSeedGivesSameInputs) {
  const std::vector<std::string> corpus = {"*1\r\n$4\r\nPING\r\n", "SET a 10\r\n"};
  Random a(7);
  Random b(7);
  Random other(8);
  std::set<std::string> seen;
  int differs = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string input = Mutate(corpus, a);
    EXPECT_EQ(input, Mutate(corpus, b));
    differs += input != Mutate(corpus, other) ? 1 : 0;
    seen.insert(input);
  }
  EXPECT_GT(seen.size(), 900u);
  EXPECT_GT(differs, 900);
}

TEST(Mutate, StaysWithinItsBoundFromAnyStart) {
  Random random(1);
  const std::vector<std::string> big = {std::string(2 * kMutatedSizeMax, 'x')};
  for (int i = 0; i < 100; ++i) EXPECT_LE(Mutate(big, random).size(), kMutatedSizeMax);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(Mutate({}, random).size() > kMutatedSizeMax);
}

}  // namespace
}  // namespace slotmesh::fuzz
