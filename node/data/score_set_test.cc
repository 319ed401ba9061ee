#include "node/data/score_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace slotmesh::node {
namespace {

using Scored = std::pair<double, std::string>;

// The set and what it should be.
struct Twin {
  explicit Twin(uint64_t seed) : random(seed), set(seed) {}

  void Put(const std::string& name, double score) {
    const ScoreSet::Key key = set.KeyOf(name);
    const ScoredMember* member = set.Find(key);
    const auto known = scores.find(name);
    ASSERT_EQ(member != nullptr, known != scores.end());
    if (member != nullptr) {
      set.SetScore(member, score);
      order.erase({known->second, name});
    } else {
      set.Insert(key, score);
    }
    scores[name] = score;
    order.insert({score, name});
  }
  void Remove(const std::string& name) {
    const auto known = scores.find(name);
    ASSERT_EQ(set.Erase(set.KeyOf(name)), known != scores.end());
    if (known == scores.end()) return;
    order.erase({known->second, name});
    scores.erase(known);
  }
  // Everything that can be asked, against the model.
  void Compare() {
    set.CheckInvariants();
    ASSERT_EQ(set.size(), order.size());
    uint64_t rank = 0;
    for (const auto& [score, name] : order) {
      const ScoredMember* member = set.Find(set.KeyOf(name));
      ASSERT_NE(member, nullptr);
      ASSERT_EQ(member->score, score);
      ASSERT_EQ(set.tree().Rank(*member), rank);
      const ScoreTree::Place place = set.tree().Select(rank);
      ASSERT_EQ(place.get(), member);
      ++rank;
    }
    EXPECT_TRUE(set.tree().Select(rank).at_end());
  }
  void CompareBounds(double score, const std::string& name) {
    const auto rank = [&](auto at) {
      return static_cast<uint64_t>(std::distance(order.begin(), at));
    };
    const ScoreTree& tree = set.tree();
    const Scored first(score, std::string());
    EXPECT_EQ(tree.ScoreBound(score, false).rank(), rank(order.lower_bound(first)));
    const auto above = std::find_if(order.lower_bound(first), order.end(),
                                    [&](const Scored& other) { return other.first > score; });
    EXPECT_EQ(tree.ScoreBound(score, true).rank(), rank(above));
    EXPECT_EQ(tree.LowerBound(score, name).rank(), rank(order.lower_bound({score, name})));
    const auto before = [&](const ScoredMember& other) {
      return CompareScored(score, name, other) > 0;
    };
    EXPECT_EQ(tree.FirstNot(before).rank(), rank(order.lower_bound({score, name})));
  }

  std::mt19937_64 random;
  ScoreSet set;
  std::map<std::string, double> scores;
  std::set<Scored> order;
};

std::string NameOf(uint64_t n) {
  std::string name = std::to_string(n);
  // All kinds of sizes: those from chunks, plain ones, and such as need a long length.
  const size_t lengths[] = {1, 14, 14, 30, 20, 5, 40, 300};
  name.resize(std::max(name.size(), lengths[n % 8]), 'x');
  return name;
}

double RandomScore(std::mt19937_64& random, int kind) {
  switch (kind) {
    case 0:  // Ties.
      return static_cast<double>(random() % 5);
    case 1:
      return static_cast<double>(random() % 1000) / 7 - 50;
    default:
      return random() % 50 == 0 ? std::numeric_limits<double>::infinity() * (random() % 2 ? 1 : -1)
                                : std::ldexp(static_cast<double>(random()), -40);
  }
}

TEST(ScoreSet, RandomOperationsAgreeWithModel) {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(seed);
    Twin twin(seed);
    const uint64_t names = seed % 3 == 0 ? 12000 : 700;
    // Grow, stay, shrink.
    for (const int erase_percent : {10, 50, 90}) {
      for (uint64_t i = 0; i < names * 2; ++i) {
        const std::string name = NameOf(twin.random() % names);
        if (twin.random() % 100 < static_cast<uint64_t>(erase_percent)) {
          twin.Remove(name);
        } else {
          twin.Put(name, RandomScore(twin.random, static_cast<int>(seed % 3)));
        }
        if (i % (names / 2) == 0) twin.Compare();
      }
      for (int i = 0; i < 20; ++i) {
        twin.CompareBounds(RandomScore(twin.random, static_cast<int>(seed % 3)),
                           NameOf(twin.random() % names));
      }
    }
    while (!twin.scores.empty()) twin.Remove(twin.scores.begin()->first);
    twin.Compare();
    EXPECT_EQ(twin.set.tree().MemoryUsage(), 0u);
  }
}

TEST(ScoreSet, QueuesThatMoveOneWayStayRight) {
  for (const int direction : {1, -1}) {
    Twin twin(5);
    for (int i = 0; i < 30000; ++i) {
      twin.Put("m" + std::to_string(i), i * direction);
      if (i < 9000) continue;
      // Like a queue and like a stack by turns.
      const auto victim = i % 4000 < 2000 ? twin.order.begin() : std::prev(twin.order.end());
      twin.Remove(victim->second);
      if (i % 3000 == 0) twin.Compare();
    }
    while (twin.order.size() > 1) twin.Remove(std::prev(twin.order.end())->second);
    twin.Compare();
  }
}

TEST(ScoreSet, WalksBothWays) {
  ScoreSet set(1);
  for (int i = 0; i < 1000; ++i) set.Insert(set.KeyOf("m" + std::to_string(i)), i / 3);
  uint64_t rank = 0;
  for (ScoreTree::Place place = set.tree().Select(0); !place.at_end(); ScoreTree::Next(&place)) {
    EXPECT_EQ(place.rank(), rank);
    EXPECT_EQ(set.tree().Rank(*place.get()), rank);
    ++rank;
  }
  EXPECT_EQ(rank, 1000u);
  ScoreTree::Place place = set.tree().Select(999);
  do {
    --rank;
    EXPECT_EQ(place.rank(), rank);
    EXPECT_EQ(set.tree().Rank(*place.get()), rank);
  } while (ScoreTree::Previous(&place));
  EXPECT_EQ(rank, 0u);
}

}  // namespace
}  // namespace slotmesh::node
