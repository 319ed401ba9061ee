// Moves of big values, which go in parts, while clients change them: who can wait does, nobody sees
// half a value, and the target gets exactly what the source had when it fenced.
#include <optional>

#include "gtest/gtest.h"
#include "node/cluster/migration/testing/big_value_requests.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kTags[] = {"a", "b", "x"};  // The last one stays.

slots::SlotSet MovingSlots() {
  slots::SlotSet slots;
  slots.Add(slots::HashSlot("a"));
  slots.Add(slots::HashSlot("b"));
  return slots;
}

// Clients of the first node, until everything has been decided.
class Writers {
 public:
  explicit Writers(MoveWorld& world) : world_(world), requests_(world.random()) {
    for (int i = 0; i < 4; ++i) clients_.push_back(world.node(1).Connect(/*database=*/i % 2));
  }

  void WriteOne() {
    MoveClient& client = *clients_[world_.Below(clients_.size())];
    if (client.waits()) return;
    client.TakeReply();
    const std::string_view tag = kTags[world_.Below(3)];
    const auto request = [&] { return requests_.Next(tag, world_.node(1).engine().now_ms); };
    if (world_.Below(6) != 0) {
      Note(client, request());
      return;
    }
    client.Run("MULTI");
    for (uint32_t i = world_.Below(4); i > 0 && !client.waits(); --i) client.Run(request());
    if (!client.waits()) Note(client, {"EXEC"});
  }
  void Stop() { clients_.clear(); }
  int waits() const { return waits_; }

 private:
  void Note(MoveClient& client, const std::vector<std::string>& words) {
    const bool fenced = !world_.node(1).state.fenced().empty();
    client.Run(words);
    waits_ += client.waits() && !fenced;
  }

  MoveWorld& world_;
  BigValueRequests requests_;
  std::vector<std::unique_ptr<MoveClient>> clients_;
  int waits_ = 0;
};

void Happen(MoveWorld& world, Writers& writers) {
  switch (world.Below(12)) {
    case 0:
      world.Advance(absl::Milliseconds(world.Below(40)));
      return;
    case 1:
      world.Tick();
      return;
    case 2:
      // For these it cannot wait.
      if (world.Below(4) == 0) world.node(1).Expire();
      return;
    case 3:
    case 4:
    case 5:
      writers.WriteOne();
      return;
    default:
      world.control().RunOne();
      return;
  }
}

class BigValueSim : public testing::TestWithParam<int> {};

// How many requests had to wait for a value.
void MoveOnce(uint64_t seed, int* waits) {
  SCOPED_TRACE(testing::Message() << "seed=" << seed);
  MoveWorld world(seed);
  Writers writers(world);
  for (uint32_t i = world.Below(1500); i > 0; --i) writers.WriteOne();
  MoveNode& source = world.node(1);
  MoveNode& target = world.node(2);
  const slots::SlotSet slots = MovingSlots();
  const slots::PlanId plan = world.Plan(slots, 1, 2);
  std::optional<Content> at_fence;
  bool moved = false;
  for (int step = 0; step < 200'000 && !moved; ++step) {
    Happen(world, writers);
    if (!source.state.fenced().empty() && !at_fence) at_fence = source.ContentOf(slots);
    moved = target.state.IsMine(*slots.First());
    ASSERT_TRUE(moved || target.keyspace().size() == 0);
    if (step % 1024 == 0) world.CheckInvariants();
  }
  ASSERT_TRUE(moved) << source.log.lines.back() << "\n" << target.log.lines.back();
  ASSERT_TRUE(at_fence.has_value());
  EXPECT_EQ(target.ContentOf(slots), *at_fence) << "at the fence:\n"
                                                << Describe(*at_fence) << "at the target:\n"
                                                << Describe(target.ContentOf(slots));
  *waits += writers.waits();
  writers.Stop();
  ASSERT_TRUE(
      world.RunUntil([&] { return !source.manager->active() && !target.manager->active(); }));
  EXPECT_TRUE(source.ContentOf(slots).empty());
  EXPECT_EQ(source.Record(plan)->stage, MoveStage::kSuccess);
  world.CheckInvariants();
}

TEST_P(BigValueSim, TargetHasExactlyWhatTheSourceHadAtTheFence) {
  constexpr uint64_t kSeedsPerCase = 50;
  int waits = 0;
  for (uint64_t i = 0; i < kSeedsPerCase; ++i) {
    MoveOnce(static_cast<uint64_t>(GetParam()) * kSeedsPerCase + i, &waits);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  EXPECT_GT(waits, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, BigValueSim, testing::Range(0, 10));

// A move that is given up in the midst of a value lets those go on who waited for it, and leaves
// nothing at the target.
TEST(BigValueMove, AMoveGivenUpMidwayLetsThoseGoOnWhoWait) {
  int waited = 0;
  int given_up = 0;
  for (uint64_t seed = 1; seed <= 200 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    MoveWorld world(seed);
    MoveNode& source = world.node(1);
    const auto client = source.Connect();
    const auto admin = source.Connect();
    for (int i = 0; i < 300; ++i) client->Run(StrCat("HSET {a}h field", i, " value", i));
    const slots::PlanId plan = world.Plan(MovingSlots(), 1, 2);
    for (int i = 0; i < 200 && !client->waits(); ++i) {
      client->TakeReply();
      client->Run("HSET {a}h field0 new");
      if (!client->waits() && !world.control().RunOne()) world.Tick();
    }
    const bool waits = client->waits() && source.state.fenced().empty();
    for (uint32_t i = world.Below(3); i > 0; --i) world.control().RunOne();
    admin->Run("CLUSTER CANCELSLOTMIGRATIONS");
    ASSERT_TRUE(world.RunUntil([&] {
      return world.FindFinished(plan) != nullptr && !client->waits() && !source.manager->active() &&
             !world.node(2).manager->active();
    }));
    const bool committed = world.FindFinished(plan)->committed;
    waited += waits && !committed;
    given_up += !committed;
    EXPECT_EQ(world.node(committed ? 2 : 1).Connect()->Run("HLEN {a}h"), ":300\r\n");
    EXPECT_EQ(world.node(committed ? 1 : 2).keyspace().size(), 0);
  }
  EXPECT_GT(waited, 10);
  EXPECT_GT(given_up, 20);
}

// Else a replica that is a little slower would lose its connection over a big move.
TEST(BigValueMove, TheStreamWaitsForFilesAndReplicas) {
  MoveWorld world(1);
  MoveNode& source = world.node(1);
  MoveNode& target = world.node(2);
  KeptCopy file(target);
  target.is_kept = [&](uint64_t offset) { return file.Has(offset); };
  const auto client = source.Connect();
  for (int i = 0; i < 2000; ++i) {
    client->Run(StrCat("HSET {a}h field", i, " ", std::string(1000, 'v')));
  }
  const slots::PlanId plan = world.Plan(MovingSlots(), 1, 2);
  const auto staged = [&] {
    size_t bytes = 0;
    for (const KeptCopy::Line& line : file.lines()) bytes += line.words.back().size();
    return bytes;
  };
  EXPECT_FALSE(world.RunUntil([&] { return staged() > 500'000; }, absl::Seconds(5)));
  EXPECT_GT(staged(), 0);
  ASSERT_TRUE(world.RunUntil([&] {
    file.Keep(1);
    return world.FindFinished(plan) != nullptr;
  }));
  EXPECT_TRUE(world.FindFinished(plan)->committed);
  EXPECT_GT(staged(), 2'000'000);
}

}  // namespace
}  // namespace slotmesh::node
