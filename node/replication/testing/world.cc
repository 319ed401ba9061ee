#include "node/replication/testing/world.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "absl/random/distributions.h"
#include "node/commands/digest.h"
#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/lists.h"
#include "node/commands/sets.h"
#include "node/commands/strings.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/zsets.h"
#include "node/persist/rdb_load.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Links are tried again, and acknowledge, at least this often.
constexpr int64_t kTickMillis = 100;
constexpr int kSettleStepsMax = 100'000;

}  // namespace

void Tasks::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  posted_.notify_one();
}

bool Tasks::Run() {
  std::deque<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task();
  return !tasks.empty();
}

void Tasks::Wait() {
  std::unique_lock lock(mutex_);
  posted_.wait_for(lock, std::chrono::milliseconds(1), [this] { return !tasks_.empty(); });
}

class TestNode::NoLog : public Log {
 public:
  void Write(Severity, std::string_view) override {}
};

class TestNode::Data : public CopiedData {
 public:
  Data(TestEngine& engine, std::function<FileNotes()> notes)
      : engine_(engine), notes_(std::move(notes)) {}

  absl::Status BeginReplacing(const std::string& path, bool) override {
    path_ = path;
    engine_.engine().keyspace.Flush();
    engine_.engine().loading.Begin(engine_.engine().now_ms, 1);
    return absl::OkStatus();
  }
  absl::StatusOr<bool> StepReplacing() override { return !held; }
  void AbortReplacing() override { engine_.engine().loading.End(); }
  absl::StatusOr<FileNotes> EndReplacing(bool) override {
    Engine& engine = engine_.engine();
    engine.loading.End();
    const RdbLoadOptions options{
        .type_settings = engine.type_settings, .now = engine.now_ms, .keep_expired = true};
    const absl::StatusOr<RdbLoaded> loaded =
        LoadRdbFile(path_, engine.keyspace, options, [](size_t) {});
    if (!loaded.ok()) return loaded.status();
    return loaded->aux;
  }
  RdbNotes NotesOfNow() const override { return {.aux = notes_()}; }
  uint64_t synced_offset() const override { return 0; }
  AofStatus StatusOfAof() const override { return {}; }

  bool held = false;

 private:
  TestEngine& engine_;
  const std::function<FileNotes()> notes_;
  std::string path_;
};

class TestNode::Person : private ClientHost {
 public:
  explicit Person(TestEngine& engine) : engine_(engine), client_(1, this) {}
  ~Person() override { engine_.Forget(client_); }

  std::string Run(Args words) {
    engine_.dispatcher().BeginTurn();
    engine_.dispatcher().Execute(client_, words, RequestOrigin::kClient);
    std::string reply = client_.output.ToString();
    client_.output.Clear();
    return reply;
  }

 private:
  void Resume(Client&) override {}
  void Flush(Client&) override {}
  void Close(Client&, bool) override {}

  TestEngine& engine_;
  Client client_;
};

TestNode::TestNode(World& world, int number, std::string config) : number_(number) {
  TestEngine::Options options{.families = SessionFamilies(), .config = std::move(config)};
  for (const auto rows : {StringCommands(), GenericCommands(), SetCommands(), HashCommands(),
                          ListCommands(), SortedSetReadCommands(), SortedSetWriteCommands()}) {
    options.families.push_back({.rows = rows});
  }
  options.families.push_back(
      {ReplicationCommands(), [&](TestEngine& engine) {
         // Engines for tests have the same luck; histories must differ.
         for (int i = 0; i <= number; ++i) {
           (void)absl::Uniform<uint32_t>(engine.engine().random, 0, 16);
         }
         snapshots_ =
             std::make_unique<Snapshots>(engine.engine().keyspace, engine.engine().journal);
         data_ = std::make_unique<Data>(engine, [this] { return replication_->Notes(); });
         log_ = std::make_unique<NoLog>();
         replication_ = std::make_unique<Replication>(Replication::Environment{
             .engine = engine.engine(),
             .dispatcher = engine.dispatcher(),
             .clients = engine.clients(),
             .snapshots = *snapshots_,
             .settings = engine.settings(),
             .network = world.network(),
             .log = *log_,
             .data = *data_,
             .post = [&tasks = world.tasks()](
                         std::function<void()> task) { tasks.Post(std::move(task)); },
             .port = [number] { return number; },
             .gives_copies = [] { return true; }});
         return std::shared_ptr<void>(replication_.get(), [](void*) {});
       }});
  engine_ = std::make_unique<TestEngine>(options);
  person_ = std::make_unique<Person>(*engine_);
}

TestNode::~TestNode() = default;

void TestNode::HoldLoads(bool held) { data_->held = held; }

std::string TestNode::Run(std::initializer_list<std::string_view> words) {
  return person_->Run(Args(words.begin(), words.size()));
}

std::string TestNode::Digest() {
  std::map<std::string, std::string> parts;
  Keyspace& keyspace = engine_->engine().keyspace;
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keyspace.database(i).ForEach([&](int, const Entry& entry) {
      node::Digest digest;
      MixValue(entry, &digest);
      parts[StrCat(i, ":", entry.key())] = StrCat(digest.Hex(), " ", entry.expiry());
    });
  }
  std::string all;
  for (const auto& [key, value] : parts) all += StrCat(key, " ", value, "\n");
  return all;
}

void TestNode::Follow(const TestNode& primary) {
  engine_->dispatcher().BeginTurn();
  (void)replication_->Follow("test", static_cast<uint16_t>(primary.number()));
}

void TestNode::Tick() {
  engine_->dispatcher().BeginTurn();
  replication_->Tick();
  replication_->BeforeReplies();
}

// One connection: this end a link's, the other a client of the node it leads to.
class World::Wire : public ClientHost {
 public:
  Wire(TestNode& to, uint64_t id, PeerConnection::Listener& listener)
      : to_(to), listener_(&listener), client_(id, this) {
    client_.address = "test:1";
    to_.engine().clients().Add(client_);
  }
  ~Wire() override { Hang(); }

  void Send(std::string bytes) { to_node_ += bytes; }
  void Drop() { listener_ = nullptr; }
  bool broken() const { return broken_ || listener_ == nullptr; }
  void Break() { broken_ = true; }
  // The other end hears of it.
  void End() {
    Hang();
    PeerConnection::Listener* const listener = std::exchange(listener_, nullptr);
    if (listener != nullptr) listener->OnClosed();
  }
  // Some of what is under way arrives. False if nothing is.
  bool Deliver(std::mt19937_64& random) {
    if (!std::exchange(connected_, true)) {
      listener_->OnConnected();
      return true;
    }
    const bool sent = DeliverToNode(Piece(random, to_node_.size()));
    if (broken()) return true;
    CollectOutput();
    std::string bytes = from_node_.substr(0, Piece(random, from_node_.size()));
    from_node_.erase(0, bytes.size());
    if (!bytes.empty()) listener_->OnBytes(bytes);
    return sent || !bytes.empty();
  }

 private:
  static size_t Piece(std::mt19937_64& random, size_t most) {
    if (most == 0) return 0;
    return random() % 4 == 0 ? most : 1 + random() % most;
  }
  bool DeliverToNode(size_t size) {
    if (size == 0) return false;
    const absl::Span<char> space = parser_.PrepareRead();
    size = std::min(size, space.size());
    std::copy_n(to_node_.data(), size, space.data());
    to_node_.erase(0, size);
    parser_.CommitRead(size);
    CHECK(parser_.Parse(&batch_) != ParseStatus::kProtocolError);
    to_.engine().dispatcher().BeginTurn();
    for (size_t i = 0; i < batch_.size(); ++i) {
      to_.engine().dispatcher().Execute(client_, batch_.args(i), RequestOrigin::kClient);
    }
    return true;
  }
  void CollectOutput() {
    if (client_.output.empty() && client_.feed != nullptr) client_.feed->Fill(client_.output);
    from_node_ += client_.output.ToString();
    client_.output.Clear();
  }
  void Hang() {
    if (std::exchange(hung_, true)) return;
    if (client_.feed != nullptr) client_.feed->OnGone();
    to_.engine().Forget(client_);
  }

  void Resume(Client&) override {}
  void Flush(Client&) override {}
  void Close(Client&, bool) override { Break(); }

  TestNode& to_;
  PeerConnection::Listener* listener_;  // Null: dropped.
  Client client_;
  RequestParser parser_;
  RequestBatch batch_;
  std::string to_node_;
  std::string from_node_;
  bool connected_ = false;
  bool broken_ = false;
  bool hung_ = false;
};

class World::End : public PeerConnection {
 public:
  explicit End(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
  ~End() override { wire_->Drop(); }
  void Send(std::string bytes) override { wire_->Send(std::move(bytes)); }
  void EndSending() override {}

 private:
  std::shared_ptr<Wire> wire_;
};

World::World(int nodes, uint64_t seed, const std::string& config) : random_(seed) {
  for (int i = 0; i < nodes; ++i) nodes_.push_back(std::make_unique<TestNode>(*this, i, config));
}

World::~World() {
  Cut();
  wires_.clear();
  nodes_.clear();
}

std::unique_ptr<PeerConnection> World::Connect(const std::string&, uint16_t port,
                                               PeerConnection::Listener& listener) {
  wires_.push_back(std::make_shared<Wire>(node(port), ++last_client_, listener));
  return std::make_unique<End>(wires_.back());
}

bool World::Deliver() {
  bool any = false;
  for (const auto& wire : std::vector<std::shared_ptr<Wire>>(wires_)) {
    if (!wire->broken()) any = wire->Deliver(random_) || any;
    if (wire->broken()) {
      wire->End();
      std::erase(wires_, wire);
      any = true;
    }
  }
  return any;
}

void World::Step() {
  tasks_.Run();
  (void)Deliver();
}

void World::AdvanceMillis(int64_t millis) {
  for (const auto& node : nodes_) {
    node->engine().AdvanceMillis(millis);
    node->Tick();
  }
}

void World::Cut() {
  for (const auto& wire : wires_) wire->Break();
  (void)Deliver();
}

void World::Settle() {
  int quiet = 0;
  for (int step = 0; quiet < 3; ++step) {
    CHECK(step < kSettleStepsMax);
    bool busy = tasks_.Run();
    busy = Deliver() || busy;
    if (busy) continue;
    tasks_.Wait();
    AdvanceMillis(kTickMillis);
    const bool up = std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) {
      const PrimaryLink* link = node->replication().link();
      return link == nullptr || link->connected();
    });
    quiet = up && !Deliver() ? quiet + 1 : 0;
  }
}

}  // namespace slotmesh::node
