// A shard in synced mode under random faults (synced_sim.h): whatever its clients were told holds
// in the end. And each rule is there for something: with it left out, some seed shows what happens.
//
// SLOTMESH_SIM_SEEDS and SLOTMESH_SIM_FIRST_SEED say how many seeds to run, and from which on.
#include "node/cluster/control/synced_sim.h"

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr uint64_t kSeeds = 200;
constexpr uint64_t kParts = 4;
constexpr uint64_t kSeedsToShowMax = 60;  // Until a rule that is left out must have shown.
constexpr int kRequestsPerSecond = 200;
constexpr absl::Duration kFaultsTime = absl::Seconds(40);
constexpr absl::Duration kServesAgainWithin = absl::Seconds(40);

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

SyncedSimOptions OptionsOf(uint64_t seed, Without without) {
  sim::Random random(seed);
  SyncedSimOptions options;
  options.without = without;
  options.control.seed = seed;
  options.control.nodes = random.Percent(50) ? 3 : 5;
  options.replicas = options.control.nodes == 5 && random.Percent(50) ? 3 : 2;
  options.min_in_sync = random.Percent(30) ? 1 : 2;
  options.control.faults.loss_percent =
      random.Percent(40) ? static_cast<double>(random.Below(8)) : 0;
  options.control.faults.duplicate_percent = static_cast<double>(random.Below(5));
  options.control.faults.slow_percent = static_cast<double>(random.Below(4));
  return options;
}

// One fault, now and then.
void Disturb(SyncedSim& sim, sim::Random& random) {
  ControlSim& control = sim.control();
  const int count = control.size();
  const int host = static_cast<int>(random.Below(static_cast<uint64_t>(count)));
  const int other = static_cast<int>(random.Below(static_cast<uint64_t>(count)));
  sim::Hosts& hosts = control.hosts();
  switch (random.Below(8)) {
    case 0:
      if (sim.MayCrash(host)) control.CrashFor(host, absl::Milliseconds(100 + random.Below(9000)));
      return;
    case 1:
      hosts.Pause(host);
      sim.scheduler().After(absl::Milliseconds(random.Below(8000)),
                            [&hosts, host] { hosts.Resume(host); });
      return;
    case 2:
      return control.links().Isolate(host, count);
    case 3:
      if (host != other) control.links().Cut(host, other);
      return;
    case 4:
      return sim.LosePlace(host);
    default:
      return control.links().HealAll();
  }
}

// The whole course; what was found is in the scheduler's status.
void RunOne(SyncedSim& sim, uint64_t seed) {
  sim::Random random(seed + 7777);
  sim::Scheduler& scheduler = sim.scheduler();
  if (!sim.Form()) return scheduler.Fail("the cluster was not formed");
  sim.BeginLoad(kRequestsPerSecond);
  scheduler.RunFor(absl::Seconds(1));
  const absl::Time end = scheduler.now() + kFaultsTime;
  while (scheduler.now() < end && scheduler.status().ok()) {
    Disturb(sim, random);
    scheduler.RunFor(absl::Milliseconds(200 + random.Below(3000)));
  }
  sim.control().Heal();
  if (!scheduler.status().ok()) return;
  if (!scheduler.RunUntil([&] { return sim.Serving() >= 0; }, kServesAgainWithin,
                          absl::Milliseconds(50))) {
    return scheduler.Fail("nobody serves again");
  }
  scheduler.RunFor(absl::Seconds(3));
  sim.EndLoad();
  scheduler.RunFor(absl::Seconds(3));
  const int primary = sim.Serving();
  if (!scheduler.status().ok()) return;
  if (primary < 0) return scheduler.Fail("nobody serves at the end");
  sim.CheckHistory(primary);
}

class SyncedSimPart : public testing::TestWithParam<uint64_t> {};

TEST_P(SyncedSimPart, Safety11To16WhatClientsWereToldHoldsWhateverHappens) {
  const uint64_t first = FromEnvironment("SLOTMESH_SIM_FIRST_SEED", 1);
  const uint64_t seeds = FromEnvironment("SLOTMESH_SIM_SEEDS", kSeeds);
  uint64_t acknowledged = 0;
  uint64_t reads = 0;
  for (uint64_t seed = first + GetParam(); seed < first + seeds; seed += kParts) {
    SyncedSim sim(OptionsOf(seed, Without::kNothing));
    RunOne(sim, seed);
    const absl::Status status = sim.scheduler().status();
    ASSERT_TRUE(status.ok()) << "seed " << seed << ": " << status << "\n" << sim.Describe();
    acknowledged += sim.acknowledged();
    reads += sim.reads();
  }
  // The faults leave room for service.
  EXPECT_GT(acknowledged, seeds / kParts * kRequestsPerSecond);
  EXPECT_GT(reads, seeds / kParts * kRequestsPerSecond);
}

INSTANTIATE_TEST_SUITE_P(Parts, SyncedSimPart, testing::Range<uint64_t>(0, kParts));

// What some seed finds without the rule; empty if none does.
std::string FoundWithout(Without rule) {
  for (uint64_t seed = 1; seed <= kSeedsToShowMax; ++seed) {
    SyncedSim sim(OptionsOf(seed, rule));
    RunOne(sim, seed);
    const std::string found(sim.scheduler().status().message());
    if (!sim.scheduler().status().ok()) return found;
  }
  return "";
}

TEST(SyncedSimRules, Safety11RepliesThatDoNotWaitAreLost) {
  EXPECT_NE(FoundWithout(Without::kAcknowledgements), "");
}

// The only replica needs a full copy, and the primary dies as soon as it has forgotten what it had.
// Who is in sync then, the ledger knows; somebody must go on from there.
bool SomebodyServesAfterACopyThatCameToNothing(Without without) {
  SyncedSimOptions options;
  options.without = without;
  options.replicas = 1;
  options.min_in_sync = 1;
  SyncedSim sim(options);
  sim::Scheduler& scheduler = sim.scheduler();
  EXPECT_TRUE(sim.Form());
  sim.BeginLoad(kRequestsPerSecond);
  scheduler.RunFor(absl::Seconds(5));
  sim.EndLoad();
  scheduler.RunFor(absl::Seconds(1));
  EXPECT_GT(sim.writes(1), 100u);
  // Not each copy takes long enough to be seen.
  for (int i = 0; i < 20 && sim.writes(1) > 0; ++i) {
    sim.LosePlace(1);
    scheduler.RunUntil([&] { return sim.writes(1) == 0; }, absl::Seconds(2), absl::Milliseconds(1));
  }
  EXPECT_EQ(sim.writes(1), 0u);
  sim.control().CrashFor(0, absl::Seconds(2));
  return scheduler.RunUntil([&] { return sim.Serving() >= 0; }, absl::Seconds(60),
                            absl::Milliseconds(50));
}

TEST(SyncedSimRules, Safety12AMemberForgetsNothingBeforeItHasLeftTheSet) {
  EXPECT_TRUE(SomebodyServesAfterACopyThatCameToNothing(Without::kNothing));
  EXPECT_FALSE(SomebodyServesAfterACopyThatCameToNothing(Without::kRemoval));
}

TEST(SyncedSimRules, Safety13WhoeverIsPromotedMustBeOfTheSet) {
  EXPECT_NE(FoundWithout(Without::kSet), "");
}

TEST(SyncedSimRules, Safety07And16APrimaryWithoutALeaseAnswersWithWhatIsOld) {
  EXPECT_NE(FoundWithout(Without::kLease), "");
}

}  // namespace
}  // namespace slotmesh::node
