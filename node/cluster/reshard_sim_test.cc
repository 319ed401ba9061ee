// Slots move key by key between nodes, as redis-cli does it, while clients write; connections of
// MIGRATE stall and break. No acknowledged write is lost.
#include <deque>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "node/commands/migrate.h"
#include "node/resp/reply_reader.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr uint64_t kNodes = 3;
constexpr int kSlots = 4;
constexpr int kKeysPerSlot = 6;
constexpr int kSteps = 30'000;

// A connection of MIGRATE: bytes on their way, in order; either end may have closed.
struct Wire {
  PeerConnection::Listener* source = nullptr;  // Null: dropped.
  std::unique_ptr<MoveClient> target;          // Null: closed.
  std::deque<std::string> there;
  std::deque<std::string> back;
  bool told = false;     // The source knows that it is connected.
  bool end = false;      // Behind what is on its way there.
  uint64_t stalled = 0;  // The target does not read for so many turns.
  bool gone = false;     // Closed by the target: OnClosed comes behind what is on its way back.
  ReplyReader requests;
};

class Wires {
 public:
  explicit Wires(MoveWorld& world) : world_(world) {}

  std::shared_ptr<Wire> Add(uint64_t to, PeerConnection::Listener& listener) {
    wires_.push_back(std::make_shared<Wire>());
    wires_.back()->source = &listener;
    wires_.back()->target = world_.node(to).Connect();
    return wires_.back();
  }

  // Lets one thing happen on one of them.
  void RunOne() {
    if (wires_.empty()) return;
    const size_t i = world_.Below(wires_.size());
    const std::shared_ptr<Wire> wire = wires_[i];
    if (world_.Below(200) == 0) Break(*wire);
    if (world_.Below(40) == 0) wire->stalled = world_.Below(400);
    if (world_.Below(2) == 0) {
      RunTarget(*wire);
    } else {
      RunSource(*wire);
    }
    if (wire->target == nullptr && wire->source == nullptr) wires_.erase(wires_.begin() + i);
  }
  uint64_t broken = 0;

 private:
  // The target's process closes; what has not reached it never will.
  void Break(Wire& wire) {
    ++broken;
    wire.there.clear();
    wire.target.reset();
    wire.gone = true;
  }
  void RunTarget(Wire& wire) {
    if (wire.target == nullptr || wire.target->waits()) return;
    if (wire.stalled > 0 && --wire.stalled > 0) return;
    if (std::string reply = wire.target->TakeReply(); !reply.empty()) {
      wire.back.push_back(std::move(reply));
    }
    const auto request = wire.requests.Next();
    ASSERT_TRUE(request.ok());
    if (request->has_value()) {
      std::vector<std::string> words;
      for (const ReplyValue& word : (*request)->elements) words.push_back(word.text);
      const std::string reply = wire.target->Run(words);
      if (!reply.empty()) wire.back.push_back(reply);
    } else if (!wire.there.empty()) {
      wire.requests.Feed(wire.there.front());
      wire.there.pop_front();
    } else if (wire.end || wire.source == nullptr) {
      wire.target.reset();
      wire.gone = true;
    }
  }
  void RunSource(Wire& wire) {
    if (wire.source == nullptr) return;
    if (!wire.told && !wire.gone) {
      wire.told = true;
      wire.source->OnConnected();
    } else if (!wire.back.empty()) {
      const std::string bytes = std::move(wire.back.front());
      wire.back.pop_front();
      wire.source->OnBytes(bytes);
    } else if (wire.gone) {
      std::exchange(wire.source, nullptr)->OnClosed();
    }
  }

  MoveWorld& world_;
  std::vector<std::shared_ptr<Wire>> wires_;
};

class Network : public MigrateNetwork {
 public:
  explicit Network(Wires& wires) : wires_(wires) {}
  std::unique_ptr<PeerConnection> Connect(const std::string&, uint16_t port,
                                          PeerConnection::Listener& listener) override {
    return std::make_unique<End>(wires_.Add(port, listener));
  }
  void WakeAfter(absl::Duration) override {}

 private:
  class End : public PeerConnection {
   public:
    explicit End(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
    ~End() override { wire_->source = nullptr; }
    void Send(std::string bytes) override {
      if (!wire_->gone) wire_->there.push_back(std::move(bytes));
    }
    void EndSending() override { wire_->end = true; }

   private:
    std::shared_ptr<Wire> wire_;
  };
  Wires& wires_;
};

// One who sends a request at a time to one node after the other.
class Actor {
 public:
  explicit Actor(MoveWorld& world) : world_(world) {}
  bool busy() const { return client_ != nullptr && client_->waits(); }
  void Send(uint64_t node, const std::vector<std::string>& words, bool asking = false) {
    client_ = world_.node(node).Connect();
    if (asking) client_->Run("ASKING");
    reply_ = client_->Run(words);
  }
  // Once it is there.
  std::optional<std::string> Take() {
    if (client_ == nullptr || client_->waits()) return std::nullopt;
    std::string reply = reply_ + client_->TakeReply();
    client_.reset();
    return reply;
  }

 private:
  MoveWorld& world_;
  std::unique_ptr<MoveClient> client_;
  std::string reply_;
};

struct Key {
  explicit Key(MoveWorld& world, std::string key) : name(std::move(key)), actor(world) {}
  std::string name;
  Actor actor;
  bool open = false;  // A write is under way.
  uint64_t node = 1;
  bool asking = false;
  uint64_t acked = 0;
  uint64_t tried = 0;
};

class ReshardSim {
 public:
  explicit ReshardSim(uint64_t seed) : world_(seed, kNodes), wires_(world_), operator_(world_) {
    for (uint64_t node = 1; node <= kNodes; ++node) {
      MoveNode& at = world_.node(node);
      networks_.push_back(std::make_unique<Network>(wires_));
      migrators_.push_back(
          std::make_unique<Migrator>(at.engine(), at.dispatcher(), *networks_.back()));
      static_cast<MigrateFamily*>(at.engine().registry.Find("migrate")->family())->migrator =
          migrators_.back().get();
    }
    for (int slot = 0; slot < kSlots; ++slot) {
      for (int i = 0; i < kKeysPerSlot; ++i) {
        keys_.push_back(std::make_unique<Key>(world_, StrCat("{", slot, "}", i)));
      }
    }
  }
  ~ReshardSim() {
    for (uint64_t node = 1; node <= kNodes; ++node) {
      static_cast<MigrateFamily*>(world_.node(node).engine().registry.Find("migrate")->family())
          ->migrator = nullptr;
    }
  }

  void Go() {
    for (int i = 0; i < kSteps && !testing::Test::HasFailure(); ++i) {
      switch (world_.Below(8)) {
        case 0:
        case 1:
          world_.control().RunOne();
          break;
        case 2:
        case 3:
        case 4:
          wires_.RunOne();
          break;
        case 5:
          Write(*keys_[world_.Below(keys_.size())]);
          break;
        case 6:
          Operate();
          break;
        default:
          Pass(absl::Milliseconds(world_.Below(4)));
      }
    }
  }
  // Each key is where its slot is, with a value that was written no earlier than the last one that
  // was acknowledged.
  void Check() {
    for (int i = 0; i < 3000; ++i) {
      world_.control().RunOne();
      wires_.RunOne();
      if (i % 5 == 0) Pass(absl::Milliseconds(20));
    }
    for (const auto& key : keys_) {
      if (key->tried == 0) continue;
      uint64_t node = OwnerOf(slots::HashSlot(key->name));
      std::string reply = world_.node(node).Connect()->Run(StrCat("GET ", key->name));
      if (reply.starts_with("-ASK ")) {
        Actor reader(world_);
        reader.Send(NodeIn(reply), {"GET", key->name}, /*asking=*/true);
        reply = *reader.Take();
      }
      uint64_t version = 0;
      const std::vector<std::string> lines = absl::StrSplit(reply, "\r\n");
      if (lines.size() > 1) (void)absl::SimpleAtoi(lines[1], &version);
      EXPECT_LE(key->acked, version) << key->name << ": " << reply;
      EXPECT_LE(version, key->tried) << key->name << ": " << reply;
    }
    for (uint64_t node = 1; node <= kNodes; ++node) world_.node(node).CheckInvariants();
  }
  uint64_t moved() const { return moved_; }
  uint64_t broken() const { return wires_.broken; }
  uint64_t failed() const { return failed_; }
  uint64_t acked() const {
    uint64_t sum = 0;
    for (const auto& key : keys_) sum += key->acked;
    return sum;
  }

 private:
  void Pass(absl::Duration time) {
    world_.Advance(time);
    world_.Tick();
    for (const auto& migrator : migrators_) migrator->Tick();
  }
  uint64_t OwnerOf(slots::Slot slot) {
    for (uint64_t node = 1; node <= kNodes; ++node) {
      if (world_.control().state().map()->Owner(slot)->id == FakeControl::ShardIdOf(node)) {
        return node;
      }
    }
    return 0;
  }
  // Whom a redirect names.
  uint64_t NodeIn(const std::string& reply) {
    const size_t colon = reply.rfind(':');
    uint64_t port = 0;
    EXPECT_TRUE(absl::SimpleAtoi(reply.substr(colon + 1, reply.size() - colon - 3), &port));
    return port - 7000;  // FakeControl's.
  }

  void Write(Key& key) {
    if (key.open) {
      const std::optional<std::string> reply = key.actor.Take();
      if (!reply.has_value()) return;
      key.open = false;
      if (*reply == "+OK\r\n") {
        key.acked = key.tried;
        key.asking = false;
        return;
      }
      key.asking = reply->starts_with("-ASK ");
      if (key.asking || reply->starts_with("-MOVED ")) {
        key.node = NodeIn(*reply);
      } else if (!reply->starts_with("-TRYAGAIN")) {
        ADD_FAILURE() << key.name << ": " << *reply;
      }
      key.actor.Send(key.node, {"SET", key.name, StrCat(key.tried)}, key.asking);
    } else {
      key.actor.Send(key.node, {"SET", key.name, StrCat(++key.tried)});
    }
    key.open = true;
  }

  // --- The operator: one slot after the other to another node. ---

  void Operate() {
    if (operator_.busy()) return;
    const std::optional<std::string> reply = operator_.Take();
    if (reply.has_value()) OnReply(*reply);
    const std::string slot = StrCat(slot_);
    const std::string from = FakeControl::NodeIdOf(from_).ToHex();
    const std::string to = FakeControl::NodeIdOf(to_).ToHex();
    switch (step_) {
      case 0:
        slot_ = slots::HashSlot(StrCat("{", world_.Below(kSlots), "}"));
        from_ = OwnerOf(slot_);
        to_ = 1 + (from_ + world_.Below(kNodes - 1)) % kNodes;
        step_ = 1;
        return;
      case 1:
        return operator_.Send(to_, {"CLUSTER", "SETSLOT", slot, "IMPORTING", from});
      case 2:
        return operator_.Send(from_, {"CLUSTER", "SETSLOT", slot, "MIGRATING", to});
      case 3:
        return operator_.Send(from_, {"CLUSTER", "GETKEYSINSLOT", slot, "2"});
      case 4: {
        std::vector<std::string> words = {"MIGRATE", "node", StrCat(to_), "", "0", "60"};
        if (replace_) words.push_back("REPLACE");
        words.push_back("KEYS");
        words.insert(words.end(), names_.begin(), names_.end());
        return operator_.Send(from_, words);
      }
      default:
        return operator_.Send(step_ == 5 ? to_ : from_, {"CLUSTER", "SETSLOT", slot, "NODE", to});
    }
  }
  void OnReply(const std::string& reply) {
    const bool ok = reply == "+OK\r\n";
    switch (step_) {
      case 3: {
        ReplyReader reader;
        reader.Feed(reply);
        const auto keys = reader.Next();
        names_.clear();
        for (const ReplyValue& key : (*keys)->elements) names_.push_back(key.text);
        step_ = names_.empty() ? 5 : 4;
        return;
      }
      case 4:
        // What the target may have is older than what is here.
        replace_ = !ok;
        failed_ += !ok;
        step_ = 3;
        return;
      case 6:
        ++moved_;
        step_ = 0;
        return;
      default:
        // A key may have come back: somebody asked for it before the slot was opened.
        step_ = ok ? step_ + 1 : (step_ == 5 ? 3 : step_);
    }
  }

  MoveWorld world_;
  Wires wires_;
  std::vector<std::unique_ptr<Network>> networks_;
  std::vector<std::unique_ptr<Migrator>> migrators_;
  std::vector<std::unique_ptr<Key>> keys_;
  Actor operator_;
  int step_ = 0;
  slots::Slot slot_ = 0;
  uint64_t from_ = 1;
  uint64_t to_ = 2;
  bool replace_ = false;
  std::vector<std::string> names_;
  uint64_t moved_ = 0;
  uint64_t failed_ = 0;
};

class ReshardSimTest : public testing::TestWithParam<uint64_t> {};

TEST_P(ReshardSimTest, NoAcknowledgedWriteIsLost) {
  SCOPED_TRACE(testing::Message() << "seed=" << GetParam());
  ReshardSim sim(GetParam());
  sim.Go();
  sim.Check();
  EXPECT_GT(sim.moved(), 3u);
  EXPECT_GT(sim.broken(), 0u);
  EXPECT_GT(sim.failed(), 0u);
  EXPECT_GT(sim.acked(), 500u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReshardSimTest, testing::Range<uint64_t>(1, 21));

}  // namespace
}  // namespace slotmesh::node
