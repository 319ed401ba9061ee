// Whole clusters of ledgers under faults; each seed is one run.
//
// SLOTMESH_SIM_SEEDS and SLOTMESH_SIM_FIRST_SEED say how many seeds to run, and from which on: to
// go on for a night, or to replay one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "slots/ledger/cluster_sim.h"

namespace slotmesh::ledger {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

SimOptions OptionsOf(uint64_t seed) {
  sim::Random random(seed);
  SimOptions options;
  options.seed = seed;
  options.nodes = static_cast<int>(3 + random.Below(7));
  options.snapshot_after = random.Percent(50) ? 8 + random.Below(30) : 1024;
  options.loss_percent = random.Percent(70) ? static_cast<double>(random.Below(15)) : 0;
  options.duplicate_percent = static_cast<double>(random.Below(10));
  options.slow_percent = static_cast<double>(random.Below(5));
  options.crash_writing_percent = random.Percent(50) ? static_cast<double>(random.Below(8)) : 0;
  options.disks_get_lost = random.Percent(50);
  options.health_error_percent = random.Percent(50) ? 5 : 0;
  return options;
}

class LedgerRun {
 public:
  explicit LedgerRun(const SimOptions& options)
      : cluster_(options), random_(options.seed ^ 0x1234), entries_(options.seed) {}

  SimCluster& cluster() { return cluster_; }

  void Go(absl::Duration time) {
    sim::Scheduler& scheduler = cluster_.scheduler();
    end_ = scheduler.now() + time;
    scheduler.After(absl::Milliseconds(50), [this] { Work(); });
    scheduler.After(absl::Milliseconds(500), [this] { Break(); });
    scheduler.RunFor(time);
  }

  // Everybody is back: the cluster comes to rest, complete, and takes changes from everybody.
  void ComesToRest() {
    cluster_.Heal();
    ASSERT_TRUE(Until([this] { return cluster_.Leader() >= 0; }));
    for (int host = 0; host < cluster_.size(); ++host) {
      const NodeId id = SimCluster::IdOf(host);
      // Back in, if it had left.
      ASSERT_TRUE(Until([&] {
        const View& view = cluster_.reference().view();
        if (view.BootOf(id) != 0) return true;
        cluster_.Propose(host, MemberJoined{testing::Info(uint64_t(host) + 1), 7});
        return false;
      }));
    }
    ASSERT_TRUE(Until([this] { return cluster_.VotersComplete() && cluster_.Agreed(); }));
    const uint64_t before = cluster_.answers();
    for (int host = 0; host < cluster_.size(); ++host) {
      ASSERT_TRUE(Until([&] {
        return cluster_.Propose(host, entries_.Sensible(cluster_.reference().view(), 3));
      }));
    }
    ASSERT_TRUE(Until([&] { return cluster_.answers() >= before + uint64_t(cluster_.size()); }));
    ASSERT_TRUE(Until([this] { return cluster_.Agreed(); }));
  }

 private:
  bool Until(const std::function<bool()>& done) {
    const bool came =
        cluster_.scheduler().RunUntil(done, absl::Seconds(60), absl::Milliseconds(100));
    EXPECT_TRUE(came) << cluster_.scheduler().status() << "\n" << cluster_.Describe();
    return came;
  }

  int AnyHost() { return static_cast<int>(random_.Below(static_cast<uint64_t>(cluster_.size()))); }
  absl::Duration Soon(int64_t from_ms, int64_t to_ms) {
    return absl::Milliseconds(from_ms + static_cast<int64_t>(random_.Below(to_ms - from_ms)));
  }

  void Work() {
    if (cluster_.scheduler().now() >= end_) return;
    const int host = AnyHost();
    if (cluster_.hosts().IsRunning(host)) {
      const View& view = cluster_.ledger(host)->view();
      const Change change = entries_.Sensible(view, static_cast<uint64_t>(cluster_.size()));
      const bool leaves = std::holds_alternative<MemberLeft>(change);
      if (!leaves || !cluster_.options().disks_get_lost) cluster_.Propose(host, change);
    }
    cluster_.scheduler().After(Soon(50, 400), [this] { Work(); });
  }

  void Break() {
    if (cluster_.scheduler().now() >= end_) return;
    const int host = AnyHost();
    switch (random_.Below(8)) {
      case 0:
      case 1:
        if (cluster_.hosts().IsUp(host)) cluster_.CrashFor(host, Soon(50, 4000));
        break;
      case 2:
        if (cluster_.Leader() >= 0) cluster_.CrashFor(cluster_.Leader(), Soon(50, 4000));
        break;
      case 3:
        cluster_.links().Isolate(host, cluster_.size());
        break;
      case 4: {
        std::vector<int> sides[2];
        for (int i = 0; i < cluster_.size(); ++i) sides[random_.Below(2)].push_back(i);
        if (random_.Percent(50)) {
          cluster_.links().Partition(sides[0], sides[1]);
        } else {
          cluster_.links().PartitionOneWay(sides[0], sides[1]);
        }
        break;
      }
      case 5:
        cluster_.hosts().Pause(host);
        cluster_.scheduler().After(Soon(100, 3000),
                                   [this, host] { cluster_.hosts().Resume(host); });
        break;
      case 6:
        if (cluster_.options().disks_get_lost) cluster_.LoseDiskFor(host, Soon(50, 3000));
        break;
      default:
        cluster_.links().HealAll();
    }
    cluster_.scheduler().After(Soon(300, 3000), [this] { Break(); });
  }

  SimCluster cluster_;
  sim::Random random_;
  testing::RandomEntries entries_;
  absl::Time end_;
};

// What the runs came to, to be sure that they come to something.
struct Done {
  uint64_t changes = 0;
  uint64_t leases = 0;     // Steps of a process that held one.
  uint64_t takeovers = 0;  // Of a shard by another node.
};

void RunSeed(uint64_t seed, Done* done) {
  SCOPED_TRACE(::testing::Message() << "SLOTMESH_SIM_FIRST_SEED=" << seed);
  LedgerRun run(OptionsOf(seed));
  run.Go(absl::Seconds(20));
  if (run.cluster().scheduler().status().ok()) run.ComesToRest();
  EXPECT_TRUE(run.cluster().scheduler().status().ok()) << run.cluster().scheduler().status() << "\n"
                                                       << run.cluster().Describe();
  done->changes += run.cluster().changes();
  done->leases += run.cluster().leases_seen();
  done->takeovers += run.cluster().takeovers();
}

class LedgerSim : public ::testing::TestWithParam<uint64_t> {};

constexpr uint64_t kParts = 8;

TEST_P(LedgerSim, LogsAgreeTermsHaveOneLeaderAndHealedClustersComeToOneMap) {
  const uint64_t first = FromEnvironment("SLOTMESH_SIM_FIRST_SEED", 1);
  const uint64_t count = FromEnvironment("SLOTMESH_SIM_SEEDS", 1000);
  Done done;
  for (uint64_t seed = first; seed < first + count && !HasFailure(); ++seed) {
    if (seed % kParts == GetParam()) RunSeed(seed, &done);
  }
  EXPECT_GE(done.changes, count / kParts * 5);
  EXPECT_GE(done.leases, count / kParts * 5);
  EXPECT_GE(done.takeovers, count / kParts / 10);
  RecordProperty("takeovers", static_cast<int>(done.takeovers));
}

// One shard that everybody would like to be primary of, and a world that cuts off or stops whoever
// is: at no instant do two processes hold its lease.
class LeaseRun {
 public:
  explicit LeaseRun(uint64_t seed)
      : cluster_({.seed = seed, .nodes = static_cast<int>(3 + seed % 3), .loss_percent = 2}),
        random_(seed ^ 0x1ea5e) {}

  SimCluster& cluster() { return cluster_; }

  void Go(absl::Duration time) {
    sim::Scheduler& scheduler = cluster_.scheduler();
    for (int host = 1; host < cluster_.size(); ++host) {
      scheduler.After(absl::Milliseconds(300 + host), [this, host] {
        cluster_.Propose(0, MemberJoined{testing::Info(uint64_t(host) + 1), BootId(host) + 1});
      });
    }
    scheduler.After(absl::Milliseconds(400), [this] {
      cluster_.Propose(0, ShardCreated{kShard, {SimCluster::IdOf(0), 1}});
    });
    scheduler.After(absl::Seconds(1), [this] { Grab(); });
    scheduler.After(absl::Seconds(5), [this] { Disturb(); });
    scheduler.RunFor(time);
  }

 private:
  const ShardId kShard = testing::Shard(1);

  // Somebody would have the shard, for itself or for another.
  void Grab() {
    const auto size = static_cast<uint64_t>(cluster_.size());
    const int host = static_cast<int>(random_.Below(size));
    const NodeId next = SimCluster::IdOf(static_cast<int>(random_.Below(size)));
    const View& view = cluster_.reference().view();
    const slots::ShardInfo* shard = view.FindShard(kShard);
    const NodeBoot process{next, view.BootOf(next)};
    if (shard != nullptr && process.boot != 0) {
      const bool member = cluster_.reference().map()->ShardOf(next) != nullptr;
      if (!member) cluster_.Propose(host, ReplicaAssigned{process, kShard, shard->epoch});
      cluster_.Propose(host, PrimaryChanged{kShard,
                                            shard->epoch,
                                            shard->in_sync_version,
                                            process,
                                            {process},
                                            /*outside_set=*/true});
    }
    cluster_.scheduler().After(absl::Milliseconds(500 + int64_t(random_.Below(4000))),
                               [this] { Grab(); });
  }

  void Disturb() {
    const slots::ShardInfo* shard = cluster_.reference().view().FindShard(kShard);
    int host = cluster_.Leader();
    for (int other = 0; other < cluster_.size() && random_.Percent(60); ++other) {
      if (shard != nullptr && shard->primary == SimCluster::IdOf(other)) host = other;
    }
    cluster_.links().HealAll();
    if (host >= 0) {
      switch (random_.Below(4)) {
        case 0:
          cluster_.links().Isolate(host, cluster_.size());
          break;
        case 1:  // It hears everybody and nobody hears it, or the other way round.
          for (int other = 0; other < cluster_.size(); ++other) {
            if (other != host) cluster_.links().Cut(host, other);
          }
          break;
        case 2:
          cluster_.hosts().Pause(host);
          cluster_.scheduler().After(absl::Milliseconds(500 + int64_t(random_.Below(5000))),
                                     [this, host] { cluster_.hosts().Resume(host); });
          break;
        default:;
      }
    }
    cluster_.scheduler().After(absl::Milliseconds(200 + int64_t(random_.Below(5000))),
                               [this] { Disturb(); });
  }

  SimCluster cluster_;
  sim::Random random_;
};

TEST(LeaseSim, Safety5To8NoTwoProcessesHoldTheLeaseOfOneShard) {
  const uint64_t first = FromEnvironment("SLOTMESH_SIM_FIRST_SEED", 1);
  const uint64_t count = FromEnvironment("SLOTMESH_SIM_SEEDS", 1000) / 2;
  uint64_t takeovers = 0;
  for (uint64_t seed = first; seed <= first + count && !HasFailure(); ++seed) {
    LeaseRun run(seed);
    run.Go(absl::Seconds(60));
    EXPECT_TRUE(run.cluster().scheduler().status().ok()) << run.cluster().scheduler().status();
    takeovers += run.cluster().takeovers();
  }
  EXPECT_GE(takeovers, count);
}

INSTANTIATE_TEST_SUITE_P(Parts, LedgerSim, ::testing::Range<uint64_t>(0, kParts));

TEST(LedgerSimReplay, OneSeedIsOneRun) {
  for (const uint64_t seed : {3, 7}) {
    uint64_t hashes[2];
    for (uint64_t& hash : hashes) {
      LedgerRun run(OptionsOf(seed));
      run.Go(absl::Seconds(10));
      hash = run.cluster().scheduler().trace_hash();
    }
    EXPECT_EQ(hashes[0], hashes[1]);
  }
}

}  // namespace
}  // namespace slotmesh::ledger
