// Crashes of a move's target at any moment, with files and a replica that lag (SAFETY 20).
#include <map>
#include <optional>

#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kTags[] = {"a", "b", "c"};
constexpr uint64_t kSource = 1;
constexpr uint64_t kTarget = 2;
constexpr uint64_t kStandby = 3;

slots::SlotSet MovingSlots() {
  slots::SlotSet slots;
  for (const std::string_view tag : kTags) slots.Add(slots::HashSlot(tag));
  return slots;
}

// One source and one target whose journal goes into a file and to a replica, each some way behind.
class StagedSim {
 public:
  explicit StagedSim(uint64_t seed)
      : world_(seed, 2),
        standby_(world_.Add(kStandby, world_.control().AddReplica(kStandby, kTarget))),
        writer_(world_.node(kSource).Connect()) {
    standby_.engine().replication.is_replica = true;
    file_ = std::make_unique<KeptCopy>(target());
    replica_ = std::make_unique<KeptCopy>(target());
    target().is_kept = [this](uint64_t offset) {
      return file_->Has(offset) && replica_->Has(offset);
    };
    world_.Settle();
  }
  ~StagedSim() {
    writer_.reset();
    file_.reset();
    replica_.reset();
  }

  void Fill() {
    for (int i = 0; i < 200; ++i) Write();
    // One that goes in parts.
    for (int i = 0; i < 40; ++i) writer_->Run(StrCat("HSET {b}big field", i, " value", i));
    model_[{0, "{b}big"}] = world_.node(kSource).ContentOf(MovingSlots()).at({0, "{b}big"});
  }
  // The move, up to the target's end: often in the instants around the commit.
  void MoveAndCrash() {
    plan_ = world_.Plan(MovingSlots(), kSource, kTarget);
    const uint32_t steps = world_.Below(400);
    const bool at_commit = world_.Below(3) != 0;
    if (at_commit && world_.Below(2) != 0) freeze_ = true;
    for (uint32_t i = 0; at_commit ? i < 20'000 && !Decided() : i < steps; ++i) Step();
    for (uint32_t i = world_.Below(4); i > 0; --i) Step();
  }
  void Recover() {
    by_file_ = world_.Below(2) == 0;
    if (!writer_->waits()) Note(writer_->TakeReply());
    writer_.reset();
    // What the target has said last is lost with it.
    const size_t kept = by_file_ ? file_->kept() : replica_->kept();
    const KeptCopy& copy = by_file_ ? *file_ : *replica_;
    if (by_file_) {
      auto file = CopyOf(copy, kept);
      file_.reset();
      replica_.reset();
      world_.Kill(kTarget);
      MoveNode& next = world_.Add(kTarget, world_.control().Restart(kTarget, /*boot=*/2));
      next.engine().loading.active = true;
      for (uint32_t i = world_.Below(5); i > 0; --i) world_.control().RunOne();
      for (const KeptCopy::Line& line : file) Run(next, line, RequestOrigin::kAof);
      next.engine().loading.active = false;
      next.manager->Look();
    } else {
      applied_ = standby_.Replay(copy, applied_, RequestOrigin::kReplication);
      file_.reset();
      replica_.reset();
      world_.Kill(kTarget);
      world_.control().Promote(kStandby, kTarget);
      for (uint32_t i = world_.Below(5); i > 0; --i) world_.control().RunOne();
      standby_.engine().replication.is_replica = false;
    }
  }
  void Check() {
    MoveNode& heir = world_.node(by_file_ ? kTarget : kStandby);
    ASSERT_TRUE(world_.RunUntil([&] {
      return Decided() && !heir.manager->active() && !world_.node(kSource).manager->active();
    })) << heir.state.fenced().ToString();
    world_.Settle();
    const bool committed = world_.FindFinished(plan_)->committed;
    std::string trace;
    SCOPED_TRACE(testing::Message() << (by_file_ ? "from its file" : "by its replica")
                                    << (committed ? ", committed" : ", aborted"));
    MoveNode& owner = committed ? heir : world_.node(kSource);
    MoveNode& other = committed ? world_.node(kSource) : heir;
    const Content content = owner.ContentOf(MovingSlots());
    EXPECT_EQ(content.size(), model_.size());
    EXPECT_TRUE(content == model_);
    EXPECT_TRUE(other.ContentOf(MovingSlots()).empty());
    EXPECT_TRUE(heir.state.fenced().empty());
    EXPECT_FALSE(heir.log.Has("DATA MISSING"));
    for (const std::string& line : heir.log.lines) trace += StrCat(line, "\n");
    EXPECT_FALSE(testing::Test::HasFailure()) << trace;
    EXPECT_EQ(owner.Connect()->Run("SET {a}after 1"), "+OK\r\n");
    world_.CheckInvariants();
  }
  bool committed() const { return world_.FindFinished(plan_)->committed; }
  bool by_file() const { return by_file_; }

 private:
  MoveNode& target() { return world_.node(kTarget); }
  bool Decided() const { return world_.FindFinished(plan_) != nullptr; }

  void Write() {
    const std::string key = StrCat("{", kTags[world_.Below(3)], "}", world_.Below(200));
    const std::string value(1 + world_.Below(world_.Below(20) == 0 ? 30'000 : 40), 'v');
    if (writer_->waits()) return;
    written_ = {key, value};
    Note(writer_->Run({"SET", key, value}));
  }
  void Note(const std::string& reply) {
    if (reply == "+OK\r\n") model_[{0, written_.first}] = {written_.second, kNoExpiry};
  }
  void Step() {
    if (!writer_->waits()) Note(writer_->TakeReply());
    switch (world_.Below(8)) {
      case 0:
        world_.Advance(absl::Milliseconds(world_.Below(10)));
        world_.Tick();
        break;
      case 1:
        if (!Decided()) Write();
        break;
      case 2:
        file_->Keep(world_.Below(4));
        break;
      case 3:
        replica_->Keep(world_.Below(4));
        applied_ = standby_.Replay(*replica_, applied_, RequestOrigin::kReplication);
        break;
      case 4:
        // The file is rewritten. The old one counts until the new one is there, which takes longer
        // than the next slice.
        if (world_.Below(60) != 0) break;
        file_->Cut();
        world_.Tick();
        for (int i = 0; i < 300; ++i) world_.control().RunOne();
        file_->Keep(file_->lines().size());
        break;
      default:
        world_.control().RunOne();
    }
    // The target does not hear of the commit in time.
    const MigrationRecord* record = target().Record(plan_);
    if (freeze_ && record != nullptr && record->stage == MoveStage::kFenced) {
      world_.control().FreezePicture(target().id(), true);
    }
  }
  static std::vector<KeptCopy::Line> CopyOf(const KeptCopy& copy, size_t kept) {
    return {copy.lines().begin(), copy.lines().begin() + static_cast<std::ptrdiff_t>(kept)};
  }
  static void Run(MoveNode& node, const KeptCopy::Line& line, RequestOrigin origin) {
    Client client(0, nullptr);
    client.database = line.database;
    const std::vector<std::string_view> words(line.words.begin(), line.words.end());
    node.dispatcher().BeginTurn();
    node.dispatcher().Execute(client, words, origin);
    EXPECT_EQ(client.output.ToString().substr(0, 1), line.words[0] == "DEL" ? ":" : "+")
        << line.words[0];
  }

  MoveWorld world_;
  MoveNode& standby_;
  std::unique_ptr<MoveClient> writer_;
  std::unique_ptr<KeptCopy> file_;
  std::unique_ptr<KeptCopy> replica_;
  size_t applied_ = 0;
  slots::PlanId plan_;
  Content model_;
  std::pair<std::string, std::string> written_;  // Last.
  bool freeze_ = false;
  bool by_file_ = false;
};

TEST(Safety20Sim, ATargetThatDiesRightAfterTheCommitHasLeftTheDataInItsFilesAndReplicas) {
  std::map<std::pair<bool, bool>, int> seen;  // By whom, and whether it was committed.
  for (uint64_t seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    StagedSim sim(seed);
    sim.Fill();
    sim.MoveAndCrash();
    sim.Recover();
    sim.Check();
    if (!testing::Test::HasFailure()) ++seen[{sim.by_file(), sim.committed()}];
  }
  for (const bool by_file : {false, true}) {
    for (const bool committed : {false, true}) EXPECT_GT((seen[{by_file, committed}]), 20);
  }
}

}  // namespace
}  // namespace slotmesh::node
