// Function libraries in whole simulated clusters: what the ledger declares, every node has,
// whatever fails on the way; and what cannot be decided changes nothing.
//
// SLOTMESH_SIM_SEEDS says how many seeds of chaos to run.
#include <cstdlib>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node/cluster/control/control_sim.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

uint64_t Seeds() {
  const char* value = std::getenv("SLOTMESH_SIM_SEEDS");
  return value == nullptr ? 40 : std::strtoull(value, nullptr, 10);
}

// A change that declares library `name` with a text of its own, and that text.
struct NewLibrary {
  NewLibrary(const std::string& name, const std::string& words, bool replace = true)
      : text(std::make_shared<const std::string>(StrCat("#!lua name=", name, "\n", words))) {
    ledger::LibraryDeclaration library;
    library.name = name;
    library.digest = LibraryDigestOf(*text);
    library.bytes = text->size();
    library.functions = {StrCat("f_", name)};
    change.declared = {library};
    change.replace = replace;
  }
  LibraryText text;
  ledger::LibrariesChanged change;
};

class Cluster {
 public:
  Cluster(int nodes, uint64_t seed = 1, sim::LinkFaults faults = {}) {
    ControlSimOptions options;
    options.nodes = nodes;
    options.seed = seed;
    options.faults = faults;
    sim_ = std::make_unique<ControlSim>(options);
    Run(absl::Seconds(1));
  }
  void Form() {
    for (int host = 1; host < sim_->size(); ++host) sim_->Meet(host, 0);
    ASSERT_TRUE(Until([this] { return sim_->AllAgree(); })) << sim_->Describe();
    Run(absl::Seconds(5));  // The voters are found.
  }
  ControlSim& sim() { return *sim_; }
  void Run(absl::Duration time) { sim_->scheduler().RunFor(time); }
  bool Until(std::function<bool()> done, absl::Duration within = absl::Seconds(60)) {
    return sim_->scheduler().RunUntil(done, within, absl::Milliseconds(50));
  }
  // Empty while it is not decided.
  std::shared_ptr<std::optional<absl::Status>> Change(int host, const NewLibrary& library) {
    auto outcome = std::make_shared<std::optional<absl::Status>>();
    sim_->ChangeLibraries(host, library.change, {library.text},
                          [outcome](const absl::Status& status) { *outcome = status; });
    return outcome;
  }
  bool Has(int host, const NewLibrary& library) {
    const ledger::LibraryDeclaration& wanted = library.change.declared[0];
    const ClusterPicture& picture = sim_->picture(host);
    const ledger::LibraryRecord* record = picture.decided->FindLibrary(wanted.name);
    return record != nullptr && record->declared == wanted &&
           picture.libraries->contains(wanted.digest);
  }
  // Everybody keeps the text of everything that is declared.
  bool Complete() {
    if (!sim_->AllAgree()) return false;
    for (int host = 0; host < sim_->size(); ++host) {
      const ClusterPicture& picture = sim_->picture(host);
      if (picture.decided->map.version != sim_->node(host)->map().version()) return false;
      for (const ledger::LibraryRecord& library : picture.decided->libraries) {
        if (!picture.libraries->contains(library.declared.digest)) return false;
      }
    }
    return true;
  }

 private:
  std::unique_ptr<ControlSim> sim_;
};

TEST(ControlLibraries, OneLoadReachesEveryNodeAlsoOneThatWasDown) {
  Cluster cluster(5);
  cluster.Form();
  cluster.sim().hosts().Crash(4);
  const NewLibrary library("a", "1");
  const auto outcome = cluster.Change(1, library);
  ASSERT_TRUE(cluster.Until([&] { return outcome->has_value(); }));
  EXPECT_TRUE((*outcome)->ok()) << **outcome;
  EXPECT_TRUE(cluster.Has(1, library)) << "who proposed it has it when it is told so";
  for (int host : {0, 2, 3}) {
    EXPECT_TRUE(cluster.Until([&] { return cluster.Has(host, library); })) << host;
  }
  cluster.sim().hosts().Start(4);
  EXPECT_TRUE(cluster.Until([&] { return cluster.Has(4, library); }));
}

TEST(ControlLibraries, WhoLoadedItMayDieAtOnce) {
  Cluster cluster(5);
  cluster.Form();
  const NewLibrary library("a", "1");
  bool decided = false;
  cluster.sim().ChangeLibraries(3, library.change, {library.text},
                                [&](const absl::Status& status) { decided = status.ok(); });
  ASSERT_TRUE(cluster.Until([&] { return decided; }));
  cluster.sim().hosts().Crash(3);
  for (int host : {0, 1, 2, 4}) {
    EXPECT_TRUE(cluster.Until([&] { return cluster.Has(host, library); })) << host;
  }
}

TEST(ControlLibraries, WithoutAMajorityNothingChanges) {
  Cluster cluster(3);
  cluster.Form();
  cluster.sim().links().Isolate(2, 3);
  const NewLibrary library("a", "1");
  const auto outcome = cluster.Change(2, library);
  ASSERT_TRUE(cluster.Until([&] { return outcome->has_value(); }));
  EXPECT_TRUE(absl::IsUnavailable(**outcome));
  EXPECT_EQ((*outcome)->message(),
            "CLUSTERDOWN The function libraries were not changed: no majority of the voters "
            "answers");
  cluster.sim().Heal();
  cluster.Run(absl::Seconds(60));
  for (int host = 0; host < 3; ++host) {
    EXPECT_TRUE(cluster.sim().picture(host).decided->libraries.empty());
  }
}

TEST(ControlLibraries, OfTwoLoadsWithoutReplaceOneIsTold) {
  Cluster cluster(3);
  cluster.Form();
  const NewLibrary one("a", "1", /*replace=*/false);
  const NewLibrary other("a", "2", /*replace=*/false);
  const auto first = cluster.Change(0, one);
  const auto second = cluster.Change(1, other);
  ASSERT_TRUE(cluster.Until([&] { return first->has_value() && second->has_value(); }));
  EXPECT_NE((*first)->ok(), (*second)->ok());
  const absl::Status& refused = (*first)->ok() ? **second : **first;
  EXPECT_EQ(refused.message(), "ERR Library 'a' already exists");
  EXPECT_TRUE(cluster.Until([&] { return cluster.Complete(); }));
}

TEST(ControlLibraries, AJoiningNodeBringsItsLibraryAndGetsTheOthers) {
  Cluster cluster(3);
  const NewLibrary mine("mine", "1");
  const NewLibrary yours("yours", "2");
  const auto first = cluster.Change(0, mine);
  const auto second = cluster.Change(2, yours);
  ASSERT_TRUE(cluster.Until([&] { return first->has_value() && second->has_value(); }));
  ASSERT_TRUE((*first)->ok() && (*second)->ok());
  cluster.Form();
  for (int host = 0; host < 3; ++host) {
    const auto has = [&] { return cluster.Has(host, mine) && cluster.Has(host, yours); };
    EXPECT_TRUE(cluster.Until(has)) << host << cluster.sim().Describe();
  }
}

TEST(ControlLibraries, ANodeWithAnotherLibraryOfTheSameNameIsNotJoined) {
  Cluster cluster(2);
  const auto first = cluster.Change(0, NewLibrary("a", "1"));
  const auto second = cluster.Change(1, NewLibrary("a", "2"));
  ASSERT_TRUE(cluster.Until([&] { return first->has_value() && second->has_value(); }));
  cluster.sim().Meet(1, 0);
  cluster.Run(absl::Seconds(20));
  EXPECT_EQ(cluster.sim().Logs().size(), 2u);
  EXPECT_TRUE(cluster.sim().WasNoted("function library 'a' is another one in each cluster"));
  EXPECT_FALSE(cluster.sim().AnySealed());
}

TEST(ControlLibraries, RestartedNodesKeepTheirTexts) {
  Cluster cluster(1);
  const NewLibrary library("a", "1");
  const auto outcome = cluster.Change(0, library);
  ASSERT_TRUE(cluster.Until([&] { return outcome->has_value(); }));
  cluster.sim().hosts().Restart(0);
  EXPECT_TRUE(cluster.Until([&] { return cluster.Has(0, library); }));
}

// Loads and deletions from everywhere, while nodes crash at any disk call and wires are cut.
void Break(Cluster& cluster, sim::Random& random) {
  const auto size = static_cast<uint64_t>(cluster.sim().size());
  const int host = static_cast<int>(random.Below(size));
  switch (random.Below(8)) {
    case 0:
      return cluster.sim().CrashFor(host, absl::Milliseconds(random.Below(4000)));
    case 1:
      return cluster.sim().CrashAtDiskCall(host, random.Below(30));
    case 2:
      return cluster.sim().links().Isolate(host, cluster.sim().size());
    case 3:
      return cluster.sim().links().HealAll();
  }
}

TEST(ControlLibraries, WhateverFailsAllConvergeAndNoTextIsLost) {
  uint64_t decided = 0;
  for (uint64_t seed = 1; seed <= Seeds(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    sim::Random random(seed ^ 0x11b);
    sim::LinkFaults faults;
    faults.loss_percent = random.Percent(50) ? 5 : 0;
    Cluster cluster(static_cast<int>(3 + random.Below(4)), seed, faults);
    cluster.Form();
    if (testing::Test::HasFatalFailure()) return;
    for (int i = 0; i < 60; ++i) {
      const int host = static_cast<int>(random.Below(static_cast<uint64_t>(cluster.sim().size())));
      NewLibrary library(StrCat("lib", random.Below(4)), std::to_string(random.Below(8)),
                         random.Percent(70));
      if (random.Percent(20)) library.change = {.removed = {StrCat("lib", random.Below(4))}};
      cluster.sim().ChangeLibraries(
          host, library.change, {library.text},
          [&decided](const absl::Status& status) { decided += status.ok() ? 1 : 0; });
      if (random.Percent(50)) Break(cluster, random);
      cluster.Run(absl::Milliseconds(random.Below(500)));
    }
    cluster.sim().Heal();
    EXPECT_TRUE(cluster.Until([&] { return cluster.Complete(); }, absl::Seconds(120)))
        << cluster.sim().Describe();
    const absl::Status status = cluster.sim().scheduler().status();
    ASSERT_TRUE(status.ok()) << status << "\n" << cluster.sim().Describe();
  }
  EXPECT_GT(decided, 10 * Seeds());
}

}  // namespace
}  // namespace slotmesh::node
