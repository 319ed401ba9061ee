// Moves under random writes of every command, over a network without loss but with every order of
// events: the target gets exactly what the source had when it fenced.
#include <optional>

#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kMovingTags[] = {"a", "b", "c"};
constexpr std::string_view kStayingTags[] = {"x", "y"};
constexpr uint32_t kKeysPerTag = 300;
constexpr uint32_t kHotKeysPerTag = 12;  // Half of all requests.

slots::SlotSet MovingSlots() {
  slots::SlotSet slots;
  for (const std::string_view tag : kMovingTags) slots.Add(slots::HashSlot(tag));
  return slots;
}

// Requests as a client might send them, on keys of one tag each.
class RandomRequests {
 public:
  explicit RandomRequests(std::mt19937_64& random) : random_(random) {}

  std::vector<std::string> Next(int64_t now_ms) {
    now_ms_ = now_ms;
    tag_ = Below(4) != 0 ? kMovingTags[Below(3)] : kStayingTags[Below(2)];
    switch (Below(9)) {
      case 0:
        return Create();
      case 1:
      case 2:
        return Change();
      case 3:
        return Count();
      case 4:
        return Remove();
      case 5:
      case 6:
        return Between();
      case 7:
        return Expire();
      default:
        return {"SET", Key(), Value()};
    }
  }
  uint32_t Below(uint64_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string Key() {
    return StrCat("{", tag_, "}", Below(Below(2) == 0 ? kHotKeysPerTag : kKeysPerTag));
  }

 private:
  std::string Value() {
    if (Below(3) == 0) return StrCat(static_cast<int64_t>(Below(1000)) - 500);
    const uint32_t length = Below(16) == 0 ? Below(50'000) : Below(60);
    return std::string(length, static_cast<char>('a' + Below(26)));
  }
  std::string Number() { return StrCat(static_cast<int64_t>(Below(100)) - 50); }
  std::string Soon() { return StrCat(1 + Below(400)); }

  std::vector<std::string> Create() {
    switch (Below(7)) {
      case 0:
        return {"SETNX", Key(), Value()};
      case 1:
        return {"PSETEX", Key(), Soon(), Value()};
      case 2:
        return {"SET", Key(), Value(), "PX", Soon(), Below(2) != 0 ? "NX" : "XX"};
      case 3:
        return {"SET", Key(), Value(), "KEEPTTL", "GET"};
      case 4:
        return {"MSET", Key(), Value(), Key(), Value(), Key(), Value()};
      case 5:
        return {"MSETNX", Key(), Value(), Key(), Value()};
      default:
        return {"SETEX", Key(), "1", Value()};
    }
  }
  std::vector<std::string> Change() {
    switch (Below(4)) {
      case 0:
        return {"APPEND", Key(), Value()};
      case 1:
        return {"SETRANGE", Key(), StrCat(Below(100)), Value()};
      case 2:
        return {"GETSET", Key(), Value()};
      default:
        return {"GETEX", Key(), "PX", Soon()};
    }
  }
  std::vector<std::string> Count() {
    switch (Below(5)) {
      case 0:
        return {"INCR", Key()};
      case 1:
        return {"DECR", Key()};
      case 2:
        return {"INCRBY", Key(), Number()};
      case 3:
        return {"DECRBY", Key(), Number()};
      default:
        return {"INCRBYFLOAT", Key(), StrCat(Number(), ".25")};
    }
  }
  std::vector<std::string> Remove() {
    switch (Below(4)) {
      case 0:
        return {"DEL", Key(), Key()};
      case 1:
        return {"UNLINK", Key()};
      case 2:
        return {"GETDEL", Key()};
      default:
        return {"GET", Key()};
    }
  }
  std::vector<std::string> Between() {
    switch (Below(4)) {
      case 0:
        return {"RENAME", Key(), Key()};
      case 1:
        return {"RENAMENX", Key(), Key()};
      case 2:
        return {"COPY", Key(), Key()};
      default:
        return {"COPY", Key(), Key(), "REPLACE"};
    }
  }
  std::vector<std::string> Expire() {
    switch (Below(6)) {
      case 0:
        return {"PEXPIRE", Key(), Soon()};
      case 1:
        return {"PEXPIREAT", Key(), StrCat(now_ms_ + Below(600) - 100)};
      case 2:
        return {"EXPIRE", Key(), "1", Below(2) != 0 ? "GT" : "NX"};
      case 3:
        return {"PERSIST", Key()};
      case 4:
        return {"EXPIREAT", Key(), StrCat(now_ms_ / 1000 + 1)};
      default:
        return {"EXPIRE", Key(), "1000000"};
    }
  }

  std::mt19937_64& random_;
  std::string_view tag_;
  int64_t now_ms_ = 0;
};

// Writers on the first node, until everything has been decided.
class Writers {
 public:
  explicit Writers(MoveWorld& world) : world_(world), requests_(world.random()) {
    for (int i = 0; i < 4; ++i) clients_.push_back(world.node(1).Connect(/*database=*/i % 2));
  }

  // Most of the keys, so that a walk takes many slices.
  void Fill() {
    for (const std::string_view tag : kMovingTags) {
      for (uint32_t i = 0; i < kKeysPerTag; ++i) {
        if (world_.Below(4) == 0) continue;
        clients_[world_.Below(2)]->Run({"SET", StrCat("{", tag, "}", i), StrCat("filled", i)});
      }
    }
  }

  void WriteOne() {
    MoveClient& client = *clients_[world_.Below(clients_.size())];
    if (client.waits()) return;
    const int64_t now_ms = world_.node(1).engine().now_ms;
    if (world_.Below(10) != 0) {
      Note(client.Run(requests_.Next(now_ms)));
      return;
    }
    client.Run("MULTI");
    for (uint32_t i = world_.Below(5); i > 0 && !client.waits(); --i) {
      client.Run(requests_.Next(now_ms));
    }
    if (!client.waits()) Note(client.Run("EXEC"));
  }
  void Stop() { clients_.clear(); }
  int moved() const { return moved_; }

 private:
  void Note(const std::string& reply) { moved_ += reply.starts_with("-MOVED"); }

  MoveWorld& world_;
  RandomRequests requests_;
  std::vector<std::unique_ptr<MoveClient>> clients_;
  int moved_ = 0;
};

// One random thing happens.
void Happen(MoveWorld& world, Writers& writers) {
  switch (world.Below(16)) {
    case 0:
      world.Advance(absl::Milliseconds(world.Below(40)));
      return;
    case 1:
      world.Tick();
      return;
    case 2:
      if (world.Below(4) == 0) world.node(1).Expire();
      return;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
      writers.WriteOne();
      return;
    default:
      world.control().RunOne();
      return;
  }
}

class MoveSim : public testing::TestWithParam<int> {};

constexpr uint64_t kSeedsPerCase = 100;
constexpr int kStepsMax = 200000;

void MoveOnce(uint64_t seed) {
  SCOPED_TRACE(testing::Message() << "seed=" << seed);
  MoveWorld world(seed);
  Writers writers(world);
  if (seed % 4 != 0) writers.Fill();
  for (uint32_t i = world.Below(300); i > 0; --i) writers.WriteOne();
  MoveNode& source = world.node(1);
  MoveNode& target = world.node(2);
  const slots::SlotSet slots = MovingSlots();
  const slots::PlanId plan = world.Plan(slots, 1, 2);

  std::optional<Content> at_fence;
  bool moved = false;
  for (int step = 0; step < kStepsMax && !moved; ++step) {
    Happen(world, writers);
    if (!source.state.fenced().empty() && !at_fence) at_fence = source.ContentOf(slots);
    // Hidden until it is committed; then all of it at once.
    moved = target.state.IsMine(*slots.First());
    ASSERT_TRUE(moved || target.keyspace().size() == 0);
    if (at_fence && step % 16 == 0 && source.state.IsMine(*slots.First())) {
      ASSERT_EQ(source.ContentOf(slots), *at_fence);
    }
    if (step % 1024 == 0) world.CheckInvariants();
  }
  ASSERT_TRUE(moved) << source.log.lines.back() << "\n" << target.log.lines.back();
  ASSERT_TRUE(at_fence.has_value());
  EXPECT_EQ(target.ContentOf(slots), *at_fence) << "at the fence:\n"
                                                << Describe(*at_fence) << "at the target:\n"
                                                << Describe(target.ContentOf(slots));
  writers.Stop();
  ASSERT_TRUE(
      world.RunUntil([&] { return !source.manager->active() && !target.manager->active(); }));
  EXPECT_TRUE(source.ContentOf(slots).empty());
  EXPECT_TRUE(source.state.fenced().empty());
  EXPECT_EQ(source.Record(plan)->stage, MoveStage::kSuccess);
  EXPECT_EQ(target.Record(plan)->stage, MoveStage::kSuccess);
  EXPECT_EQ(source.book.totals().fence.count(), 1);
  world.CheckInvariants();
}

TEST_P(MoveSim, TargetHasExactlyWhatTheSourceHadAtTheFence) {
  for (uint64_t i = 0; i < kSeedsPerCase; ++i) {
    MoveOnce(static_cast<uint64_t>(GetParam()) * kSeedsPerCase + i);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MoveSim, testing::Range(0, 10));

}  // namespace
}  // namespace slotmesh::node
