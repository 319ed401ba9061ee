#include "node/cluster/migration/testing/move_world.h"

#include "absl/strings/str_split.h"
#include "node/commands/connection.h"
#include "node/commands/digest.h"
#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/lists.h"
#include "node/commands/migrate.h"
#include "node/commands/sets.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/zsets.h"
#include "node/keyspace/entry_codec.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Rows with the shape of those that change all keys.
void FlushAll(CommandContext& ctx, Args) {
  ctx.keyspace().Flush();
  ctx.MarkChanged();
  ctx.reply().Ok();
}
void SwapDb(CommandContext& ctx, Args) {
  ctx.keyspace().Swap(0, 1);
  ctx.MarkChanged();
  ctx.reply().Ok();
}

constexpr CommandSpec kAllKeysRows[] = {
    {.name = "flushall",
     .handler = &FlushAll,
     .arity = Arity::AtLeast(1),
     .flags = Flag::kWrite,
     .acl = Acl::kKeyspace,
     .group = "server",
     .since = "1.0.0",
     .summary = "Empties all databases."},
    {.name = "swapdb",
     .handler = &SwapDb,
     .arity = Arity::Exactly(3),
     .flags = Flag::kWrite,
     .acl = Acl::kKeyspace,
     .group = "server",
     .since = "4.0.0",
     .summary = "Exchanges two databases."},
};
static_assert(AllValid(kAllKeysRows));

// Values of a few elements are big ones, of some parts, then.
constexpr PartSizes kSmallParts = {.big_effort = 4, .part_bytes = 40};
constexpr char kSmallForms[] =
    "hash-max-listpack-entries 2\nset-max-listpack-entries 2\nset-max-intset-entries 2\n"
    "zset-max-listpack-entries 2\nlist-max-listpack-size 2\nstream-node-max-entries 2\n";

TestEngine::Options OptionsOf(uint64_t hash_seed) {
  TestEngine::Options options;
  options.families = {
      {StringCommands()},
      {GenericCommands()},
      {ListCommands()},
      {HashCommands()},
      {SetCommands()},
      {SortedSetReadCommands()},
      {SortedSetWriteCommands()},
      {StreamCommands()},
      {ConnectionCommands(),
       [](TestEngine& engine) {
         return std::make_shared<ConnectionFamily>(ConnectionFamily{engine.dispatcher()});
       }},
      {kAllKeysRows},
      {MigrateCommands(), [](TestEngine&) { return std::make_shared<MigrateFamily>(); }},
      {TransactionCommands(),
       [](TestEngine& engine) {
         return std::make_shared<TransactionFamily>(TransactionFamily{engine.dispatcher()});
       }},
      {ClusterCommands(), [](TestEngine&) { return std::make_shared<ClusterFamily>(); }},
  };
  options.cluster = true;
  options.databases = 3;
  options.hash_seed = hash_seed;
  options.config = kSmallForms;
  return options;
}

std::string ValueOf(const Entry& entry) {
  IntText scratch;
  if (entry.is_string()) return std::string(entry.string_bytes(scratch));
  Digest digest;
  MixValue(entry, &digest);
  return digest.Hex();
}

}  // namespace

std::string Describe(const Content& content) {
  std::string text;
  for (const auto& [key, value] : content) {
    absl::StrAppend(&text, key.first, " ", key.second, " = ", value.value, " @ ", value.expiry,
                    "\n");
  }
  return text;
}

bool MemoryLog::Has(std::string_view part) const {
  for (const std::string& line : lines) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

// --- MoveClient ---

MoveClient::MoveClient(MoveNode& node, uint64_t id, int database) : node_(node), client_(id, this) {
  client_.database = database;
}

MoveClient::~MoveClient() {
  *alive_ = false;
  node_.engine().parking.Forget(client_);
  node_.engine().blocked.Forget(client_);
  node_.engine().watches.Forget(client_);
}

std::string MoveClient::Run(const std::vector<std::string>& words) {
  CHECK(!waits());
  const std::vector<std::string_view> views(words.begin(), words.end());
  node_.engine_.dispatcher().BeginTurn();
  node_.engine_.dispatcher().Execute(client_, views, RequestOrigin::kClient);
  return TakeReply();
}

std::string MoveClient::Run(std::string_view words) {
  return Run(std::vector<std::string>(absl::StrSplit(ToAbsl(words), ' ')));
}

std::string MoveClient::TakeReply() {
  std::string reply = client_.output.ToString();
  client_.output.Clear();
  return reply;
}

void MoveClient::Resume(Client&) {
  node_.link_.Post([this, alive = alive_] {
    if (*alive && client_.blocked == 0) node_.engine_.dispatcher().ExecuteParked(client_);
  });
}

// --- MoveNode ---

MoveNode::MoveNode(FakeControl& control, FakeControlLink& link, uint64_t hash_seed)
    : control_(control),
      link_(link),
      engine_(OptionsOf(hash_seed)),
      transactions_{engine_.dispatcher()},
      state(link, engine_.engine()),
      snapshots(engine_.engine().keyspace, engine_.engine().journal),
      staged(engine_.engine(), log, &reclaimer_) {
  engine().gate = &state;
  keyspace().set_reclaimer(&reclaimer_);
  engine().big_values = &snapshots;
  snapshots.set_on_released([this] {
    engine().parking.Release(
        [](const ParkingLot::Place& place) { return place.reason == ParkReason::kSavedValue; });
  });
  link_.OnPicture([this] { state.Refresh(); });
  manager = std::make_unique<MigrationManager>(MigrationManager::Parts{
      .engine = engine(),
      .dispatcher = engine_.dispatcher(),
      .state = state,
      .snapshots = snapshots,
      .book = book,
      .staged = staged,
      .log = log,
      .reclaimer = &reclaimer_,
      .post = [this](std::function<void()> task) { link_.Post(std::move(task)); },
      .is_kept = [this](uint64_t offset) { return is_kept == nullptr || is_kept(offset); },
      .part_sizes = kSmallParts,
      .staged_unkept_max = 2000});
  family = {
      .state = &state, .migrations = &book, .handover = &manager->handover(), .staged = &staged};
  // The rows' own state was made before there was a ClusterState.
  *static_cast<ClusterFamily*>(engine().registry.Find("cluster")->family()) = family;
}

MoveNode::~MoveNode() {
  manager.reset();
  staged.Clear();
  keyspace().Flush();
  keyspace().set_reclaimer(nullptr);
}

Content MoveNode::ContentOf(const slots::SlotSet& slots) {
  Content content;
  for (int i = 0; i < keyspace().database_count(); ++i) {
    keyspace().database(i).ForEach([&](int slot, const Entry& entry) {
      if (!slots.Contains(static_cast<slots::Slot>(slot))) return;
      content[{i, std::string(entry.key())}] = {ValueOf(entry), entry.expiry()};
    });
  }
  return content;
}

void MoveNode::Expire() {
  engine_.dispatcher().BeginTurn();
  for (int i = 0; i < keyspace().database_count(); ++i) {
    keyspace().database(i).ExpireSome(engine().now_ms, UINT32_MAX, [] { return false; });
  }
}

void MoveNode::ServeWaiting() {
  engine_.dispatcher().BeginTurn();
  engine_.dispatcher().ServeReadyKeys();
}

std::unique_ptr<MoveClient> MoveNode::Connect(int database) {
  return std::make_unique<MoveClient>(*this, ++clients_, database);
}

void MoveNode::CheckInvariants() {
  manager->CheckInvariants();
  keyspace().CheckInvariants();
}

size_t MoveNode::Replay(const KeptCopy& copy, size_t from, RequestOrigin origin) {
  Client client(0, nullptr);
  engine_.dispatcher().BeginTurn();
  for (; from < copy.kept(); ++from) {
    const KeptCopy::Line& line = copy.lines()[from];
    const std::vector<std::string_view> words(line.words.begin(), line.words.end());
    client.database = line.database;
    engine_.dispatcher().Execute(client, words, origin);
    const std::string reply = client.output.ToString();
    CHECK(!reply.starts_with("-"));
    client.output.Clear();
  }
  return from;
}

// --- KeptCopy ---

KeptCopy::KeptCopy(MoveNode& node) : node_(node) {
  node.engine().journal.Subscribe(*this);
  Cut();
}

KeptCopy::~KeptCopy() { node_.engine().journal.Unsubscribe(*this); }

void KeptCopy::OnUnit(const JournalUnit& unit) {
  for (const Effect& effect : unit.effects) {
    lines_.push_back({effect.database, {effect.argv.begin(), effect.argv.end()}, unit.end_offset});
  }
}

void KeptCopy::Cut() {
  Engine& engine = node_.engine();
  lines_.clear();
  for (int i = 0; i < engine.keyspace.database_count(); ++i) {
    engine.keyspace.database(i).ForEach([&](int, const Entry& entry) {
      lines_.push_back(
          {i,
           {"RESTORE", std::string(entry.key()), entry.has_expiry() ? StrCat(entry.expiry()) : "0",
            DumpEntry(entry, /*compress=*/false, i), "REPLACE", "ABSTTL"},
           engine.journal.offset()});
    });
  }
  kept_ = lines_.size();
  engine.journal.NoteCopy();
}

// --- MoveWorld ---

MoveWorld::MoveWorld(uint64_t seed, int nodes) : random_(seed), control_(random_()) {
  std::vector<FakeControlLink*> links;
  for (int i = 1; i <= nodes; ++i) links.push_back(&control_.AddNode(static_cast<uint64_t>(i)));
  CHECK(control_.Apply(ledger::SlotsAssigned{FakeControl::ShardIdOf(1), 0, slots::SlotSet::All()})
            .ok());
  for (int i = 1; i <= nodes; ++i) {
    nodes_[i] = std::make_unique<MoveNode>(control_, *links[i - 1], random_());
    // A look at the clock takes time, so that slices end.
    static_cast<FakeClock&>(nodes_[i]->engine().clock).nanos_per_look = 20'000 + Below(600'000);
  }
  Settle();
}

void MoveWorld::Kill(uint64_t number) {
  control_.Kill(FakeControl::NodeIdOf(number));
  nodes_.erase(number);
}

MoveNode& MoveWorld::Add(uint64_t number, FakeControlLink& link) {
  auto& node = nodes_[number] = std::make_unique<MoveNode>(control_, link, random_());
  static_cast<FakeClock&>(node->engine().clock).nanos_per_look = 20'000 + Below(600'000);
  static_cast<FakeClock&>(node->engine().clock).wall_micros =
      static_cast<FakeClock&>(nodes_.begin()->second->engine().clock).wall_micros;
  return *node;
}

slots::PlanId MoveWorld::Plan(const slots::SlotSet& slots, uint64_t from, uint64_t to) {
  const ledger::View& view = control_.state().view();
  const auto side = [&](uint64_t number) {
    const slots::ShardInfo* shard = view.FindShard(FakeControl::ShardIdOf(number));
    return ledger::MoveSide{shard->id, shard->epoch, shard->primary_boot};
  };
  const auto plan = slots::PlanId::Random(random_);
  const absl::Status status =
      control_.Apply(ledger::MovePlanned{plan, slots, side(from), side(to)});
  CHECK(status.ok());
  return plan;
}

void MoveWorld::Advance(absl::Duration duration) {
  for (auto& [number, node] : nodes_) {
    static_cast<FakeClock&>(node->engine().clock).wall_micros +=
        absl::ToInt64Microseconds(duration);
  }
}

void MoveWorld::Tick() {
  for (auto& [number, node] : nodes_) {
    node->state.RunLater();
    node->manager->Tick();
  }
}

bool MoveWorld::RunUntil(const std::function<bool()>& done, absl::Duration limit) {
  constexpr int kEventsPerTick = 50;
  for (absl::Duration gone; gone < limit; gone += absl::Milliseconds(10)) {
    for (int i = 0; i < kEventsPerTick; ++i) {
      if (done()) return true;
      if (!control_.RunOne()) break;
    }
    if (done()) return true;
    Advance(absl::Milliseconds(10));
    Tick();
  }
  return done();
}

void MoveWorld::CheckInvariants() {
  for (auto& [number, node] : nodes_) node->CheckInvariants();
}

}  // namespace slotmesh::node
