#include "modules/runtime/timers.h"

#include <string>

#include "gtest/gtest.h"

namespace slotmesh::modules {
namespace {

using Table = Timers<std::string>;

TEST(TimersTest, DueOnesComeByDeadlineThenByNumber) {
  Table timers;
  timers.Add(20, "late");
  timers.Add(10, "first");
  timers.Add(10, "second");
  EXPECT_EQ(timers.next_deadline_ms(), 10);
  EXPECT_EQ(timers.TakeDue(9, timers.last_id()), std::nullopt);
  EXPECT_EQ(timers.TakeDue(15, timers.last_id()), "first");
  EXPECT_EQ(timers.TakeDue(15, timers.last_id()), "second");
  EXPECT_EQ(timers.TakeDue(15, timers.last_id()), std::nullopt);
  EXPECT_EQ(timers.next_deadline_ms(), 20);
}

TEST(TimersTest, OneThatSetsAnotherForNowDoesNotGoOnForEver) {
  Table timers;
  timers.Add(10, "a");
  const Table::Id before = timers.last_id();
  EXPECT_EQ(timers.TakeDue(10, before), "a");
  timers.Add(5, "b");
  EXPECT_EQ(timers.TakeDue(10, before), std::nullopt);
  EXPECT_EQ(timers.TakeDue(10, timers.last_id()), "b");
}

TEST(TimersTest, TakenOnesAreGone) {
  Table timers;
  const Table::Id id = timers.Add(10, "a");
  EXPECT_EQ(timers.Find(id)->deadline_ms, 10);
  EXPECT_EQ(timers.Take(id), "a");
  EXPECT_EQ(timers.Take(id), std::nullopt);
  EXPECT_EQ(timers.Find(id), nullptr);
  EXPECT_EQ(timers.next_deadline_ms(), std::nullopt);
}

TEST(TimersTest, TakeIfTakesWhatIsMeant) {
  Table timers;
  timers.Add(10, "mine");
  timers.Add(5, "yours");
  timers.Add(7, "mine");
  timers.TakeIf([](const std::string& timer) { return timer == "mine"; });
  EXPECT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers.next_deadline_ms(), 5);
}

}  // namespace
}  // namespace slotmesh::modules
