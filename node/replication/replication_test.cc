// Replication as a whole: nodes that follow each other over a network that breaks at any byte end
// up with the same data.
#include "node/replication/replication.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "node/command/server_observer.h"
#include "node/persist/output_file.h"
#include "node/persist/rdb_save.h"
#include "node/replication/testing/world.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// The way a copy is sent: at once, without a disk.
const std::string kDiskless = "repl-diskless-sync-delay 0\n";
const std::string kByDisk = "repl-diskless-sync no\n";

void Write(TestNode& node, std::mt19937_64& random) {
  const std::string key = StrCat("k", random() % 20);
  const std::string member = StrCat("m", random() % 50);
  switch (random() % 12) {
    case 0:
      node.Run({"SET", key, member});
      break;
    case 1:
      node.Run({"SET", key, member, "PX", StrCat(1 + random() % 3000)});
      break;
    case 2:
      node.Run({"DEL", key});
      break;
    case 3:
      node.Run({"SADD", StrCat("s", key), member, "a", "b"});
      break;
    case 4:
      node.Run({"SPOP", StrCat("s", key)});
      break;
    case 5:
      node.Run({"INCRBYFLOAT", StrCat("f", key), "0.3"});
      break;
    case 6:
      node.Run({"RPUSH", StrCat("l", key), std::string(random() % 300, 'x')});
      break;
    case 7:
      node.Run({"ZADD", StrCat("z", key), StrCat(random() % 100), member});
      break;
    case 8:
      node.Run({"HSET", StrCat("h", key), member, "v"});
      break;
    case 9:
      node.Run({"SELECT", StrCat(random() % 3)});
      break;
    case 10:
      node.Run({"EXPIRE", key, StrCat(random() % 3)});
      break;
    case 11:
      node.Run({"MULTI"});
      node.Run({"SADD", StrCat("s", key), member});
      node.Run({"SPOP", StrCat("s", key)});
      node.Run({"LPUSH", StrCat("l", key), member});
      node.Run({"EXEC"});
      break;
  }
}

// Both without what only waits to be removed.
void ExpectSame(World& world, TestNode& a, TestNode& b) {
  world.AdvanceMillis(10'000);
  for (TestNode* node : {&a, &b}) {
    if (node->replication().link() != nullptr) continue;
    for (int db = 0; db < 16; ++db) {
      node->engine().engine().keyspace.database(db).ExpireSome(node->engine().engine().now_ms,
                                                               1 << 20, [] { return false; });
    }
  }
  world.Settle();
  EXPECT_EQ(a.Digest(), b.Digest());
  EXPECT_EQ(a.engine().engine().journal.offset(), b.engine().engine().journal.offset());
}

class Seeds : public testing::TestWithParam<int> {};

TEST_P(Seeds, EveryNodeEndsWithTheSameDataHoweverConnectionsBreak) {
  const auto seed = static_cast<uint64_t>(GetParam());
  World world(4, seed, seed % 2 == 0 ? kDiskless : kByDisk);
  // 0 <- 1 <- 2, 0 <- 3
  world.node(1).Follow(world.node(0));
  world.node(2).Follow(world.node(1));
  world.node(3).Follow(world.node(0));
  std::mt19937_64& random = world.random();
  for (int step = 0; step < 600; ++step) {
    Write(world.node(0), random);
    if (random() % 2 == 0) world.Step();
    if (random() % 20 == 0) world.AdvanceMillis(static_cast<int64_t>(random() % 300));
    if (random() % 60 == 0) world.Cut();
    if (random() % 50 == 0) world.node(3).Follow(world.node(static_cast<int>(random() % 2)));
  }
  for (int i = 1; i < 4; ++i) ExpectSame(world, world.node(0), world.node(i));
}

TEST_P(Seeds, WhoHasAllGoesOnWithoutACopyWhenRolesChange) {
  World world(3, static_cast<uint64_t>(GetParam()), kDiskless);
  world.node(1).Follow(world.node(0));
  world.node(2).Follow(world.node(0));
  std::mt19937_64& random = world.random();
  for (int i = 0; i < 100; ++i) Write(world.node(0), random);
  world.Settle();
  int primary = 0;
  for (int turn = 0; turn < 6; ++turn) {
    const int next = (primary + 1 + static_cast<int>(random() % 2)) % 3;
    world.node(next).Run({"REPLICAOF", "NO", "ONE"});
    for (int i = 0; i < 3; ++i) {
      if (i != next) world.node(i).Follow(world.node(next));
    }
    primary = next;
    for (int i = 0; i < 50; ++i) {
      Write(world.node(primary), random);
      world.Step();
    }
    world.Settle();
  }
  uint64_t copies = 0;
  for (int i = 0; i < 3; ++i) {
    copies += world.node(i).engine().engine().stats.full_syncs;
    ExpectSame(world, world.node(primary), world.node(i));
  }
  EXPECT_EQ(copies, 2u);
}

INSTANTIATE_TEST_SUITE_P(Replication, Seeds, testing::Range(0, 100));

TEST(Replication, WritesThatTheNewPrimaryNeverSawAreGone) {
  World world(2, 1, kDiskless);
  world.node(1).Follow(world.node(0));
  world.node(0).Run({"SET", "k", "both"});
  world.Settle();
  world.Cut();
  world.node(0).Run({"SET", "k", "lost"});
  world.node(1).Run({"REPLICAOF", "NO", "ONE"});
  world.node(1).Run({"SET", "k", "kept"});
  world.node(0).Follow(world.node(1));
  world.Settle();
  EXPECT_EQ(world.node(0).Run({"GET", "k"}), "$4\r\nkept\r\n");
  EXPECT_EQ(world.node(1).engine().engine().stats.full_syncs, 1u);
}

TEST(Replication, HalfATransactionHasNoEffect) {
  World world(2, 1, kDiskless);
  world.node(1).Follow(world.node(0));
  world.Settle();
  world.node(0).Run({"MULTI"});
  for (int i = 0; i < 100; ++i) world.node(0).Run({"SET", StrCat("k", i), "v"});
  world.node(0).Run({"EXEC"});
  for (int step = 0; step < 40; ++step) {
    const std::string size = world.node(1).Run({"DBSIZE"});
    EXPECT_TRUE(size == ":0\r\n" || size == ":100\r\n") << size;
    world.Step();
    if (step % 7 == 6) world.Cut();
    world.AdvanceMillis(500);
  }
  world.Settle();
  EXPECT_EQ(world.node(1).Run({"DBSIZE"}), ":100\r\n");
}

TEST(Replication, ABacklogThatIsTooShortMeansACopy) {
  World world(2, 1, StrCat(kDiskless, "repl-backlog-size 16kb\n"));
  world.node(1).Follow(world.node(0));
  world.Settle();
  world.Cut();
  for (int i = 0; i < 10; ++i) world.node(0).Run({"SET", "k", std::string(10'000, 'x')});
  world.Settle();
  EXPECT_EQ(world.node(0).engine().engine().stats.full_syncs, 2u);
  // The first time it asked to go on with a history of its own.
  EXPECT_EQ(world.node(0).engine().engine().stats.partial_syncs_refused, 2u);
  EXPECT_EQ(world.node(0).Digest(), world.node(1).Digest());
}

TEST(Replication, AStreamThatOutgrowsTheLimitWhileLoadingIsAskedForAgain) {
  World world(
      2, 1, StrCat(kByDisk, "client-output-buffer-limit replica 1mb 0 0\nrepl-backlog-size 1mb\n"));
  world.node(0).Run({"CONFIG", "SET", "repl-backlog-size", "8mb"});
  world.node(1).HoldLoads(true);
  world.node(1).Follow(world.node(0));
  const auto state = [&] { return world.node(1).replication().link()->state(); };
  for (int i = 0; i < 10'000 && state() != PrimaryLink::State::kLoading; ++i) {
    world.AdvanceMillis(1);
    world.Step();
    world.tasks().Wait();
  }
  ASSERT_EQ(state(), PrimaryLink::State::kLoading);
  const std::string value(100'000, 'x');
  const auto write = [&](int from, int count) {
    for (int i = from; i < from + count; ++i) world.node(0).Run({"SET", StrCat("k", i), value});
    for (int i = 0; i < 2'000; ++i) world.Step();
  };
  write(0, 9);
  EXPECT_EQ(state(), PrimaryLink::State::kLoading);
  write(9, 2);
  EXPECT_EQ(state(), PrimaryLink::State::kConnect);
  world.node(1).HoldLoads(false);
  world.Settle();
  EXPECT_EQ(world.node(0).Digest(), world.node(1).Digest());
  EXPECT_EQ(world.node(0).engine().engine().stats.full_syncs, 1u);
}

TEST(Replication, APrimaryThatStartsTellsReplicasWhatHadExpired) {
  World world(1, 1);
  TestNode& node = world.node(0);
  node.Run({"SET", "k", "v", "PX", "10"});
  node.Run({"SET", "kept", "v"});
  world.AdvanceMillis(100);
  const std::string id(History::kIdDigits, 'a');
  node.replication().Begin({{std::string(kHistoryNote), id}, {"repl-offset", "7"}});
  EXPECT_EQ(node.Run({"DBSIZE"}), ":1\r\n");
  EXPECT_GT(node.engine().engine().journal.offset(), 7u);
  EXPECT_EQ(node.replication().replicas().backlog().begin(), 7u);
}

TEST(Replication, AReplicaThatTakesWritesRemovesItsOwnKeysInTime) {
  World world(2, 1, StrCat(kDiskless, "replica-read-only no\n"));
  TestNode& replica = world.node(1);
  replica.Follow(world.node(0));
  world.node(0).Run({"SET", "primary's", "v", "PX", "10000"});
  world.Settle();
  replica.Run({"SET", "own", "v", "PX", "10000"});
  replica.Run({"SET", "later", "v", "PX", "10000"});
  replica.Run({"PEXPIRE", "later", "1000000"});
  EXPECT_EQ(replica.Run({"DBSIZE"}), ":3\r\n");
  world.AdvanceMillis(10'001);
  EXPECT_EQ(replica.Run({"DBSIZE"}), ":2\r\n");
  EXPECT_EQ(replica.Run({"GET", "own"}), "$-1\r\n");
  EXPECT_EQ(replica.Run({"GET", "later"}), "$1\r\nv\r\n");
  // A key of the primary's is hidden until it is written to.
  EXPECT_EQ(replica.Run({"INCR", "primary's"}), ":1\r\n");
  EXPECT_EQ(replica.Run({"TTL", "primary's"}), ":-1\r\n");
}

TEST(Replication, ACommandThatMakesAReplicaLeavesItsKeysToThePrimary) {
  World world(2, 1, kDiskless);
  world.node(1).Run({"REPLICAOF", "test", "0"});
  world.Settle();
  EXPECT_EQ(world.node(1).engine().engine().keyspace.expiry_mode(), ExpiryMode::kHide);
  world.node(0).Run({"SET", "k", "v", "PX", "10000"});
  world.Settle();
  world.AdvanceMillis(10'001);
  world.node(1).Run({"GET", "k"});
  EXPECT_EQ(world.node(1).Run({"DBSIZE"}), ":1\r\n");
}

class Heard : public ServerObserver {
 public:
  explicit Heard(TestNode& node) : engine_(node.engine().engine()) { engine_.observer = this; }
  ~Heard() override { engine_.observer = nullptr; }
  void OnReplica(bool online) override { text += online ? " replica" : " no-replica"; }
  void OnPrimaryLink(bool up) override { text += up ? " link" : " no-link"; }
  void OnAsyncLoading(AsyncLoading what) override {
    text += what == AsyncLoading::kStarted     ? " beside"
            : what == AsyncLoading::kCompleted ? " taken"
                                               : " left";
  }
  std::string Take() { return std::exchange(text, {}); }

  std::string text;

 private:
  Engine& engine_;
};

TEST(Replication, WhoListensHearsOfLinksThatComeAndGo) {
  World world(2, 1, kDiskless);
  Heard primary(world.node(0));
  Heard replica(world.node(1));
  world.node(1).Follow(world.node(0));
  world.Settle();
  EXPECT_EQ(primary.Take(), " replica");
  EXPECT_EQ(replica.Take(), " link");
  world.Cut();
  world.Settle();
  EXPECT_EQ(primary.Take(), " no-replica replica");
  EXPECT_EQ(replica.Take(), " no-link link");
  world.node(1).Run({"REPLICAOF", "NO", "ONE"});
  world.Settle();
  EXPECT_EQ(primary.Take(), " no-replica");
  EXPECT_EQ(replica.Take(), " no-link");
}

TEST(Replication, WhoListensHearsOfACopyThatIsLoadedBesideTheData) {
  World world(2, 1, StrCat(kDiskless, "repl-diskless-load swapdb\n"));
  Heard replica(world.node(1));
  world.node(1).HoldLoads(true);
  world.node(1).Follow(world.node(0));
  for (int i = 0; i < 100000 && replica.text.empty(); ++i) world.Step();
  EXPECT_EQ(replica.Take(), " beside");
  EXPECT_TRUE(world.node(1).replication().FollowNobody());
  EXPECT_EQ(replica.Take(), " left");
  world.node(1).HoldLoads(false);
  world.node(1).Follow(world.node(0));
  world.Settle();
  EXPECT_EQ(replica.Take(), " beside taken link");
}

TEST(Replication, DataThatAFileReplacesIsAnotherHistory) {
  World world(3, 1, kDiskless);
  TestNode& primary = world.node(0);
  world.node(1).Follow(primary);
  world.Settle();
  const std::string path = StrCat(testing::TempDir(), "/replaced.rdb");
  absl::StatusOr<std::unique_ptr<OutputFile>> file = CreateOutputFile(path, path + ".new", false);
  ASSERT_TRUE(file.ok());
  world.node(2).Run({"SET", "from", "file"});
  ASSERT_TRUE(SaveRdb(world.node(2).engine().engine().keyspace, *std::move(file), {}, {}).ok());
  primary.Run({"SET", "before", "x"});
  world.Settle();
  const std::string id = primary.replication().replicas().history().id;
  int pieces = 0;
  const auto between = [&] { ++pieces; };
  EXPECT_TRUE(absl::IsNotFound(primary.replication().ReplaceData("/no/such/file", between)));
  EXPECT_EQ(primary.Run({"GET", "before"}), "$1\r\nx\r\n");
  EXPECT_EQ(primary.replication().replicas().history().id, id);
  ASSERT_TRUE(primary.replication().ReplaceData(path, between).ok());
  EXPECT_EQ(pieces, 1);
  EXPECT_EQ(primary.Run({"GET", "before"}), "$-1\r\n");
  EXPECT_NE(primary.replication().replicas().history().id, id);
  world.Settle();
  EXPECT_EQ(world.node(1).Digest(), primary.Digest());
  EXPECT_EQ(world.node(1).Run({"DBSIZE"}), ":1\r\n");
  EXPECT_FALSE(world.node(1).replication().ReplaceData(path, between).ok());
}

TEST(Replication, TheStreamIsForgottenAWhileAfterTheLastReplica) {
  World world(2, 1, StrCat(kDiskless, "repl-backlog-ttl 5\n"));
  world.node(1).Follow(world.node(0));
  world.Settle();
  EXPECT_TRUE(world.node(0).replication().replicas().streaming());
  const std::string id = world.node(0).replication().replicas().history().id;
  world.node(1).Run({"REPLICAOF", "NO", "ONE"});
  world.Settle();
  for (int i = 0; i < 70; ++i) world.AdvanceMillis(100);
  EXPECT_FALSE(world.node(0).replication().replicas().streaming());
  EXPECT_NE(world.node(0).replication().replicas().history().id, id);
}

}  // namespace
}  // namespace slotmesh::node
