#include "node/app/cluster_part.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "admin/service.h"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "functions/cluster_libraries.h"
#include "gossip/bus/auth.h"
#include "gossip/options.h"
#include "node/app/cluster_admin.h"
#include "node/app/module_cluster.h"
#include "node/cluster/migration/migration_manager.h"
#include "node/cluster/migration/staged_moves.h"
#include "node/cluster/net/control_driver.h"
#include "node/cluster/pubsub/relay.h"
#include "node/cluster/replica_migration.h"
#include "node/cluster/synced_writes.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int kPortMax = 65535;
constexpr std::chrono::milliseconds kMigrationTick(10);
constexpr int64_t kEngineSilenceTimeouts = 5;

// The port that follows from the client port, or the one that is set.
absl::StatusOr<uint16_t> DerivedPort(std::string_view name, int64_t set, int64_t port, int offset) {
  const int64_t derived = set != 0 ? set : port + offset;
  if (derived > 0 && derived <= kPortMax) return static_cast<uint16_t>(derived);
  return absl::InvalidArgumentError(StrCat("The ", name, " would be ", derived, " (port ", port,
                                           " + ", offset, "), past ", kPortMax, ": set ", name,
                                           " in the configuration"));
}

std::vector<std::string> BusBinds(const Config& config, uint16_t port) {
  std::vector<std::string> binds;
  for (const std::string& address : config.cluster_bind) {
    if (address.starts_with('-')) continue;  // Optional ones: a bus needs one address only.
    const bool v6 = address.find(':') != std::string::npos;
    binds.push_back(v6 ? StrCat("[", address, "]:", port) : StrCat(address, ":", port));
  }
  return binds;
}

// What others reach this node by.
std::string OwnAddress(const Config& config) {
  if (!config.cluster_announce_ip.empty()) return config.cluster_announce_ip;
  for (const std::string& address : config.cluster_bind) {
    if (!address.starts_with('-') && address != "0.0.0.0" && address != "*") return address;
  }
  return "127.0.0.1";
}

// Directives that WhatToAnnounce goes by, and that can change while the node runs.
constexpr std::string_view kAnnounced[] = {
    "cluster-announce-ip",
    "cluster-announce-hostname",
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-announce-bus-port",
    "cluster-announce-human-nodename",
    "cluster-announce-client-ipv4",
    "cluster-announce-client-ipv6",
    "cluster-replica-no-failover",
    "availability-zone",
    "port",
};

// What this node says of itself to the cluster.
absl::StatusOr<slots::NodeInfo> WhatToAnnounce(const Config& config) {
  slots::NodeInfo info;
  info.ip = OwnAddress(config);
  info.hostname = config.cluster_announce_hostname;
  info.zone = config.availability_zone;
  info.arbiter = config.arbiter;
  info.port = static_cast<uint16_t>(config.cluster_announce_port != 0 ? config.cluster_announce_port
                                                                      : config.port);
  const absl::StatusOr<uint16_t> bus =
      DerivedPort("cluster-port",
                  config.cluster_announce_bus_port != 0 ? config.cluster_announce_bus_port
                                                        : config.cluster_port,
                  config.port, kBusPortOffset);
  if (!bus.ok()) return bus.status();
  info.bus_port = *bus;
  if (config.http_port >= 0) {
    const absl::StatusOr<uint16_t> http =
        DerivedPort("http-port", config.http_port, config.port, kHttpPortOffset);
    if (!http.ok()) return http.status();
    info.http_port = *http;
  }
  info.tls_port = static_cast<uint16_t>(config.cluster_announce_tls_port);
  info.labels = {.human_name = config.cluster_announce_human_nodename,
                 .client_ipv4 = config.cluster_announce_client_ipv4,
                 .client_ipv6 = config.cluster_announce_client_ipv6,
                 .no_failover = config.cluster_replica_no_failover};
  return info;
}

absl::StatusOr<ControlOptions> OptionsOf(const Config& config, slots::BootId boot) {
  ControlOptions options;
  options.boot = boot;
  options.node_timeout =
      std::max(gossip::kNodeTimeoutMin, absl::Milliseconds(config.cluster_node_timeout));
  options.keeps_every_write = config.appendonly && config.appendfsync == Fsync::kAlways;
  absl::StatusOr<slots::NodeInfo> info = WhatToAnnounce(config);
  if (!info.ok()) return info.status();
  options.info = *std::move(info);
  return options;
}

class Part : public ClusterPart, private RelayNetwork {
 public:
  explicit Part(const Environment& env) : env_(env), migration_timer_(env.io) {}

  ~Part() override {
    if (admin_ != nullptr) admin_->Stop();
    migration_timer_.cancel();
    env_.engine.messages.pubsub.set_remote(nullptr);
    migrations_.reset();
    staged_.reset();
    driver_.reset();
    env_.engine.gate = nullptr;
  }

  absl::Status Open();

  ClusterState& state() override { return *state_; }
  ClusterFamily& family() override { return family_; }
  admin::ClusterControl& control() override { return *control_; }
  BusFaults& bus_faults() override { return *driver_; }
  modules::ClusterView& module_view() override { return *module_view_; }
  admin::ClusterView Look() override { return control_->Look(*state_); }
  void FollowMap(OnPrimary on_primary) override;
  bool GivesCopies() const override;
  bool MayTakeOver(const Failover::Target& replica) const override;
  void HandOver(const Failover::Target& replica, std::function<void(bool)> done) override;
  void UseModules(const modules::Modules& modules) override { control_->SetModules(modules); }
  SyncedWrites& synced_writes() override { return *synced_writes_; }
  void KeepIn(std::function<bool()> flush_files) override {
    flush_files_ = std::move(flush_files);
    migrations_->Look();
  }
  bool stages_moves() const override { return !staged_->empty() || migrations_->imports_running(); }
  void DropStaged() override { staged_->Clear(); }
  void UseLibraries(functions::Functions& functions) override;
  void Tick(uint64_t offset, int64_t link_down_ms) override;
  void EngineTurned() override;
  void AddMetrics(admin::ClusterMetrics* metrics) const override;

 private:
  absl::Status MakeAuthenticator(const std::vector<std::string>& binds);
  void MakeAdministration(uint64_t seed, slots::BootId boot);
  void TakePicture();
  void TakeRole();
  std::optional<ledger::NodeBoot> FindReplica(const Failover::Target& replica) const;
  void RunMigrations();
  bool IsKept(uint64_t offset);
  uint64_t OfferedOffset(uint64_t offset, int64_t link_down_ms) const;
  void MigrateReplica();
  void StartRelay();

  // RelayNetwork.
  bool Send(const slots::NodeId& to, std::string frame) override {
    const bus::SendResult result = driver_->SendPubSub(to, std::move(frame));
    return result == bus::SendResult::kQueued || result == bus::SendResult::kQueuedDroppedOldest;
  }
  void ForEachTarget(ChannelKind kind, std::string_view channel,
                     absl::FunctionRef<void(const slots::NodeId&)> visit) override;
  bool IsMember(const slots::NodeId& node) override {
    return state_->map().FindNode(node) != nullptr;
  }
  void WantSpread() override {
    boost::asio::post(env_.io, [this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) relay_->Spread(env_.engine.now_ms);
    });
  }

  Environment env_;
  std::random_device entropy_;
  std::mutex entropy_mutex_;
  std::unique_ptr<bus::Authenticator> auth_;
  std::unique_ptr<ClusterAdmin> control_;
  std::unique_ptr<admin::AdminService> admin_;
  std::unique_ptr<ControlDriver> driver_;
  std::unique_ptr<ClusterState> state_;
  std::unique_ptr<SyncedWrites> synced_writes_;
  std::unique_ptr<functions::ClusterLibraries> libraries_;
  std::unique_ptr<PubSubRelay> relay_;
  std::unique_ptr<ModuleCluster> module_view_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  MigrationBook book_;
  ReplicaMigration replica_migration_;
  std::unique_ptr<StagedMoves> staged_;
  std::unique_ptr<MigrationManager> migrations_;
  std::function<bool()> flush_files_;  // Null until the node's files are loaded.
  boost::asio::steady_timer migration_timer_;
  ClusterFamily family_;
  OnPrimary on_primary_;  // Null until the node's files are loaded.
};

absl::Status Part::MakeAuthenticator(const std::vector<std::string>& binds) {
  const Config& config = env_.engine.config;
  bus::SecurityOptions security;
  security.secret = config.cluster_secret;
  if (config.tls_cluster) {
    security.certificate_file = config.tls_cert_file;
    security.key_file = config.tls_key_file;
    security.ca_file = config.tls_ca_cert_file;
  }
  bus::Authenticator::Sources sources;
  sources.now = [this] { return absl::FromUnixMicros(env_.engine.clock.WallMicros()); };
  sources.random = [this] {
    const std::lock_guard<std::mutex> lock(entropy_mutex_);
    return (uint64_t{entropy_()} << 32) | entropy_();
  };
  absl::StatusOr<std::unique_ptr<bus::Authenticator>> auth =
      bus::Authenticator::Create(security, binds, sources);
  if (!auth.ok()) return auth.status();
  auth_ = *std::move(auth);
  return absl::OkStatus();
}

void Part::MakeAdministration(uint64_t seed, slots::BootId boot) {
  control_ = ClusterAdmin::Make({.io = env_.io,
                                 .engine = env_.engine,
                                 .clients = env_.clients,
                                 .log = env_.log,
                                 .restart = env_.restart,
                                 .seed = seed});
  admin::AdminServiceOptions service;
  service.self = [this, boot] {
    bus::Sender self;
    self.boot = boot;
    if (driver_ != nullptr) self.node = driver_->self_now();
    return self;
  };
  service.now = [this] { return absl::FromUnixMicros(env_.engine.clock.WallMicros()); };
  service.sleep = [](absl::Duration duration) {
    std::this_thread::sleep_for(absl::ToChronoMicroseconds(duration));
  };
  admin_ = admin::MakeAdminService(control_.get(), auth_.get(), std::move(service));
}

absl::Status Part::Open() {
  const Config& config = env_.engine.config;
  std::mt19937_64 random(env_.seed);
  const absl::StatusOr<ControlOptions> options = OptionsOf(config, random() | 1);
  if (!options.ok()) return options.status();
  if (absl::Milliseconds(config.cluster_node_timeout) < options->node_timeout) {
    env_.log.Warning(StrCat(
        "cluster-node-timeout is ", config.cluster_node_timeout, ": failures are looked for at ",
        absl::ToInt64Milliseconds(options->node_timeout), " milliseconds, the shortest there is"));
  }
  const absl::StatusOr<uint16_t> port =
      DerivedPort("cluster-port", config.cluster_port, config.port, kBusPortOffset);
  if (!port.ok()) return port.status();
  const std::vector<std::string> binds = BusBinds(config, *port);
  absl::Status status = MakeAuthenticator(binds);
  if (!status.ok()) return status;

  MakeAdministration(random(), options->boot);
  ControlEnvironment control{.log = env_.log, .clock = env_.engine.clock, .auth = *auth_};
  control.post_to_engine = [this](std::function<void()> task) {
    boost::asio::post(env_.io, std::move(task));
  };
  control.on_fatal = env_.on_fatal;
  control.unpredictable = [this] {
    const std::lock_guard<std::mutex> lock(entropy_mutex_);
    return (uint64_t{entropy_()} << 32) | entropy_();
  };
  control.seed = random();
  control.node_file = config.cluster_config_file;
  control.ledger_folder = "ledger";
  control.library_folder = "functions";
  control.binds = binds;
  control.services = {admin_->service()};
  absl::StatusOr<std::unique_ptr<ControlDriver>> driver = ControlDriver::Start(*options, control);
  if (!driver.ok()) return driver.status();
  driver_ = *std::move(driver);
  state_ = std::make_unique<ClusterState>(*driver_, env_.engine);
  synced_writes_ = std::make_unique<SyncedWrites>(*state_, env_.engine, env_.log);
  env_.engine.gate = state_.get();
  family_.state = state_.get();
  family_.migrations = &book_;
  staged_ = std::make_unique<StagedMoves>(env_.engine, env_.log, &env_.reclaimer);
  family_.staged = staged_.get();
  migrations_ = std::make_unique<MigrationManager>(MigrationManager::Parts{
      .engine = env_.engine,
      .dispatcher = env_.dispatcher,
      .state = *state_,
      .snapshots = env_.snapshots,
      .book = book_,
      .staged = *staged_,
      .log = env_.log,
      .reclaimer = &env_.reclaimer,
      .post = [this](std::function<void()> task) { boost::asio::post(env_.io, std::move(task)); },
      .is_kept = [this](uint64_t offset) { return IsKept(offset); }});
  synced_writes_->set_on_progress([this] { migrations_->Look(); });
  family_.handover = &migrations_->handover();
  RunMigrations();
  StartRelay();
  control_->SetFamily(&family_);
  env_.settings.OnChange(kAnnounced, [this](const Config& changed) {
    const absl::StatusOr<slots::NodeInfo> info = WhatToAnnounce(changed);
    if (info.ok()) driver_->Announce(*info);
    return info.status();
  });
  driver_->OnPicture([this] { TakePicture(); });
  return absl::OkStatus();
}

void Part::StartRelay() {
  RelayNetwork& network = *this;
  module_view_ = std::make_unique<ModuleCluster>(
      *state_, env_.settings,
      [this](const slots::NodeId& to, std::string frame) { return Send(to, std::move(frame)); });
  relay_ = std::make_unique<PubSubRelay>(env_.engine.messages.pubsub, network);
  env_.engine.messages.pubsub.set_remote(relay_.get());
  family_.relay = relay_.get();
  driver_->SetPubSubHandlers(
      {.on_frame =
           [this](const slots::NodeId& from, slots::BootId boot, std::string_view payload) {
             if (module_view_->OnFrame(from, payload)) return;
             relay_->OnFrame(from, boot, payload, env_.engine.now_ms);
           },
       .on_lost = [this](const slots::NodeId& peer) { relay_->OnLost(peer); }});
}

void Part::ForEachTarget(ChannelKind kind, std::string_view channel,
                         absl::FunctionRef<void(const slots::NodeId&)> visit) {
  const slots::SlotMap& map = state_->map();
  const auto reach = [&](const slots::NodeId& node) {
    if (node != state_->self_id() && state_->IsUp(node)) visit(node);
  };
  if (kind != ChannelKind::kShard) {
    for (const slots::NodeInfo& node : map.data().nodes) reach(node.id);
    return;
  }
  const slots::ShardInfo* shard = map.Owner(slots::HashSlot(channel));
  if (shard == nullptr) return;
  reach(shard->primary);
  for (const slots::NodeId& replica : shard->replicas) reach(replica);
}

void Part::TakePicture() {
  env_.dispatcher.BeginTurn();
  state_->Refresh();
  TakeRole();
  if (libraries_ != nullptr) libraries_->Follow();
}

void Part::FollowMap(OnPrimary on_primary) {
  on_primary_ = std::move(on_primary);
  TakeRole();
}

bool Part::GivesCopies() const {
  const slots::ShardInfo* shard = state_->self_shard();
  return shard != nullptr && shard->primary == state_->self_id() &&
         shard->primary_boot == state_->link().boot() && !state_->picture().data_missing;
}

// By its id, which it says unless it is of an earlier version: where its connection comes from may
// be another address than it is known by.
std::optional<ledger::NodeBoot> Part::FindReplica(const Failover::Target& replica) const {
  const slots::ShardInfo* shard = state_->self_shard();
  for (const slots::NodeInfo& node : state_->map().data().nodes) {
    const bool ours = shard != nullptr && node.shard == shard->id && node.id != state_->self_id();
    const bool there =
        node.port == replica.port && (node.ip == replica.host || node.hostname == replica.host);
    if (ours && (replica.node.is_zero() ? there : node.id == replica.node)) {
      return ledger::NodeBoot{node.id, state_->picture().decided->BootOf(node.id)};
    }
  }
  return std::nullopt;
}

bool Part::MayTakeOver(const Failover::Target& replica) const {
  const std::optional<ledger::NodeBoot> taker = FindReplica(replica);
  if (!taker.has_value()) return false;
  const ledger::InSyncSet& set = *state_->picture().decided->FindInSync(state_->self_shard()->id);
  return !set.synced || std::binary_search(set.members.begin(), set.members.end(), *taker);
}

void Part::HandOver(const Failover::Target& replica, std::function<void(bool)> done) {
  const std::optional<ledger::NodeBoot> found = FindReplica(replica);
  if (!found.has_value()) return done(false);
  const slots::ShardInfo* shard = state_->self_shard();
  const ledger::NodeBoot& taker = *found;
  // Nobody writes, and the taker has everything: so have the others of the set, or they are asked
  // for what comes next before it is acknowledged.
  const ledger::InSyncSet& set = *state_->picture().decided->FindInSync(shard->id);
  std::vector<ledger::NodeBoot> next_set = {taker};
  for (const ledger::NodeBoot& member : set.members) {
    if (member.node != taker.node && state_->IsUp(member.node)) next_set.push_back(member);
  }
  state_->AwaitHandOver();
  state_->link().GiveUpLease(true);
  state_->link().Propose(ledger::PrimaryChanged{.shard = shard->id,
                                                .expected_epoch = shard->epoch,
                                                .expected_in_sync_version = shard->in_sync_version,
                                                .primary = taker,
                                                .in_sync = next_set,
                                                .outside_set = !set.synced},
                         [this, done = std::move(done)](const absl::Status& status) {
                           if (!status.ok()) state_->link().GiveUpLease(false);
                           state_->Refresh();
                           TakeRole();
                           done(status.ok());
                         });
}

void Part::TakeRole() {
  if (on_primary_ == nullptr) return;
  const slots::ShardInfo* shard = state_->self_shard();
  const bool copies = shard != nullptr && shard->primary != state_->self_id();
  on_primary_(copies ? state_->map().FindNode(shard->primary) : nullptr);
}

void Part::UseLibraries(functions::Functions& functions) {
  if (env_.engine.config.cluster_functions) {
    libraries_ = std::make_unique<functions::ClusterLibraries>(functions, *state_);
    functions.set_authority(libraries_.get());
  }
  control_->SetLibraries(&functions, libraries_.get());
}

void Part::RunMigrations() {
  state_->EndWaitForLease();
  state_->RunLater();
  if (migrations_->active()) {
    env_.dispatcher.BeginTurn();
    migrations_->Tick();
  }
  migration_timer_.expires_after(kMigrationTick);
  migration_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) RunMigrations();
  });
}

// SAFETY 20: the files as appendfsync says, and every replica in sync.
bool Part::IsKept(uint64_t offset) {
  if (flush_files_ == nullptr || !flush_files_()) return false;
  return synced_writes_->AllHave(offset);
}

// What this node says it has: a replica that is not to be promoted says that it has nothing.
uint64_t Part::OfferedOffset(uint64_t offset, int64_t link_down_ms) const {
  const slots::ShardInfo* shard = state_->self_shard();
  if (shard == nullptr || state_->IsPrimary()) return offset;
  const Config& config = env_.engine.config;
  const ledger::InSyncSet* set = state_->picture().decided->FindInSync(shard->id);
  const ledger::NodeBoot self{state_->self_id(), state_->link().boot()};
  // Who is in sync has all that was acknowledged, however long ago that was.
  const bool in_sync = set != nullptr && set->synced &&
                       std::binary_search(set->members.begin(), set->members.end(), self);
  const int64_t factor = config.cluster_replica_validity_factor;
  const int64_t valid_ms =
      config.cluster_node_timeout * factor + config.repl_ping_replica_period * 1000;
  return factor == 0 || in_sync || link_down_ms <= valid_ms ? offset : 0;
}

void Part::MigrateReplica() {
  const Config& config = env_.engine.config;
  const std::optional<ledger::ReplicaAssigned> move = replica_migration_.Step(
      state_->map(), {state_->self_id(), state_->link().boot()},
      [this](const slots::NodeId& node) { return state_->IsUp(node); },
      {.allowed = config.cluster_allow_replica_migration && state_->ok(),
       .barrier = config.cluster_migration_barrier},
      env_.engine.now_ms);
  if (!move.has_value()) return;
  env_.log.Notice(StrCat("The primary of shard ", move->shard.ToHex(),
                         " has no replica any more: this node becomes one"));
  state_->link().Propose(*move, [](const absl::Status&) {});
}

// A command that takes long is no reason to change the primary, and a script serves others once it
// has run for busy-reply-threshold.
void Part::EngineTurned() {
  const Config& config = env_.engine.config;
  const int64_t timeout_ms = config.cluster_node_timeout;
  const int64_t script_ms = std::max<int64_t>(config.busy_reply_threshold, 0) + timeout_ms;
  driver_->EngineTurned(
      absl::Milliseconds(std::max(kEngineSilenceTimeouts * timeout_ms, script_ms)));
}

void Part::Tick(uint64_t offset, int64_t link_down_ms) {
  EngineTurned();
  LocalState local;
  offset = OfferedOffset(offset, link_down_ms);
  local.replication_offset = offset;
  if (const slots::ShardInfo* shard = state_->self_shard()) local.primary = shard->primary;
  control_->SetOffset(offset);
  local.has_keys = env_.engine.keyspace.size() > 0 || env_.engine.loading.active;
  driver_->Report(local);
  state_->EndWaitForLease();
  synced_writes_->Tick();
  MigrateReplica();
  relay_->Tick(env_.engine.now_ms);
  if (libraries_ != nullptr) libraries_->Tick();
}

void Part::AddMetrics(admin::ClusterMetrics* metrics) const {
  const ClusterPicture& picture = state_->picture();
  const slots::SlotMapData& map = picture.map->data();
  metrics->enabled = true;
  metrics->ok = state_->ok();
  metrics->nodes_online = 1;
  for (const PeerHealth& peer : picture.peers) {
    switch (peer.state) {
      case gossip::State::kAlive:
        ++metrics->nodes_online;
        break;
      case gossip::State::kSuspect:
        ++metrics->nodes_suspected;
        break;
      case gossip::State::kDead:
        ++metrics->nodes_failed;
        break;
    }
  }
  metrics->shards = map.shards.size();
  metrics->slots_assigned = static_cast<uint64_t>(picture.map->assigned_slots());
  const slots::ShardInfo* shard = state_->self_shard();
  if (shard != nullptr) metrics->slots_owned = static_cast<uint64_t>(shard->slots.count());
  metrics->current_epoch = map.current_epoch;
  metrics->map_sequence = map.version.sequence;
  metrics->holds_lease = state_->HasLease(env_.engine.clock.MonotonicNanos());
  for (const char* code : {"MOVED", "ASK"}) {
    const auto found = env_.engine.stats.errors.find(code);
    if (found != env_.engine.stats.errors.end()) metrics->redirects += found->second;
  }
  metrics->ledger_term = picture.ledger_term;
  metrics->ledger_index = metrics->ledger_applied_index = picture.ledger_index;
  metrics->ledger_leader = picture.leader == driver_->self();
  metrics->ledger_voter = state_->self() != nullptr && state_->self()->voter;
  const MigrationTotals& moved = book_.totals();
  metrics->migrations_running = book_.running();
  metrics->migrations_committed = moved.exports_succeeded;
  metrics->migrations_aborted = moved.exports_failed;
  metrics->migration_keys_sent = moved.keys_sent;
  metrics->migration_bytes_sent = moved.bytes_sent;
  metrics->migration_keys_received = moved.keys_received;
  metrics->migration_bytes_received = moved.bytes_received;
  metrics->fence = admin::SnapshotOf(moved.fence);
  metrics->bus = driver_->bus_stats();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ClusterPart>> ClusterPart::Start(const Environment& environment) {
  auto part = std::make_unique<Part>(environment);
  const absl::Status status = part->Open();
  if (!status.ok()) return status;
  return std::unique_ptr<ClusterPart>(std::move(part));
}

}  // namespace slotmesh::node
