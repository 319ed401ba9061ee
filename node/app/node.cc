#include "node/app/node.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <random>
#include <utility>

#include "admin/http/http_server.h"
#include "admin/page.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "functions/functions.h"
#include "modules/modules.h"
#include "modules/net/asio_descriptors.h"
#include "node/app/cluster_part.h"
#include "node/app/cron.h"
#include "node/app/file_libraries.h"
#include "node/app/log_ring.h"
#include "node/app/metrics_source.h"
#include "node/app/process_control.h"
#include "node/app/settings.h"
#include "node/app/stop_signals.h"
#include "node/app/version.h"
#include "node/cluster/cluster_family.h"
#include "node/command/client_limit.h"
#include "node/command/client_table.h"
#include "node/command/dispatcher.h"
#include "node/command/keyspace_events.h"
#include "node/command/keyspace_listener.h"
#include "node/command/memory_limit.h"
#include "node/command/server_observer.h"
#include "node/commands/bitmaps.h"
#include "node/commands/client.h"
#include "node/commands/command_family.h"
#include "node/commands/connection.h"
#include "node/commands/generic.h"
#include "node/commands/geo.h"
#include "node/commands/hashes.h"
#include "node/commands/hyperloglog.h"
#include "node/commands/lists.h"
#include "node/commands/migrate.h"
#include "node/commands/pubsub.h"
#include "node/commands/server.h"
#include "node/commands/sets.h"
#include "node/commands/sort.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/transactions.h"
#include "node/commands/zsets.h"
#include "node/keyspace/reclaimers.h"
#include "node/net/migrate_connections.h"
#include "node/net/peer_connections.h"
#include "node/net/server.h"
#include "node/persist/aof_files.h"
#include "node/persist/data_files.h"
#include "node/persist/disk_refusal.h"
#include "node/persist/output_file.h"
#include "node/persist/rdb_files.h"
#include "node/replication/replication.h"
#include "node/snapshot/snapshots.h"
#include "node/stats/memory.h"
#include "slots/ids.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kHttpRetryMillis = 1000;

std::string TemporaryRdb() { return StrCat("temp-", getpid(), ".rdb"); }

}  // namespace

struct Node::Parts {
  explicit Parts(const Environment& environment)
      : env(environment),
        log(environment.log, environment.clock),
        start_micros(environment.clock.WallMicros()),
        io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
        random(environment.seed),
        keyspace({.databases = static_cast<int>(
                      config().cluster_enabled ? config().cluster_databases : config().databases),
                  .cluster = config().cluster_enabled,
                  .hash_seed = random()}),
        engine{.registry = registry,
               .keyspace = keyspace,
               .journal = journal,
               .config = config(),
               .stats = stats,
               .slow_log = slow_log,
               .watches = watches,
               .parking = parking,
               .blocked = blocked,
               .key_waiters = key_waiters,
               .messages = messages,
               .notifier = notifier,
               .pause = pause,
               .clock = environment.clock,
               .micros_per_tick = 1 / environment.clock.ticks_per_micro(),
               .random = random,
               .latency_monitor = &latency_monitor,
               .large_requests = &large_requests,
               .large_replies = &large_replies},
        memory_limit(engine, gauge),
        client_limit(engine, clients),
        dispatcher(engine),
        listener(engine),
        keyspace_events(messages.pubsub, config()),
        snapshots(keyspace, journal),
        reclaimer([this] { gauge.FollowThisThread(); }),
        server(io, engine, dispatcher, clients),
        cron(io, engine, server, gauge),
        rdb_files({.engine = engine,
                   .snapshots = snapshots,
                   .refusal = disk_refusal,
                   .functions = function_texts,
                   .log = log,
                   .post = Poster(),
                   .post_after = Delayer(),
                   .create =
                       [this](const std::string& path) {
                         return CreateOutputFile(path, TemporaryRdb(),
                                                 config().rdb_save_incremental_fsync);
                       },
                   .origin = [this] { return replication.Notes(); }}),
        aof_files({.engine = engine,
                   .dispatcher = dispatcher,
                   .snapshots = snapshots,
                   .refusal = disk_refusal,
                   .functions = function_texts,
                   .log = log,
                   .post = Poster(),
                   .post_after = Delayer()}),
        data_files(rdb_files, aof_files, engine),
        control(io, cron, server, reclaimer),
        peer_connections(io),
        replication(
            {.engine = engine,
             .dispatcher = dispatcher,
             .clients = clients,
             .snapshots = snapshots,
             .settings = environment.settings,
             .network = peer_connections,
             .log = log,
             .data = data_files,
             .post = Poster(),
             .post_after = Delayer(),
             .port = [this] { return static_cast<int>(server.port()); },
             .gives_copies = [this] { return cluster == nullptr || cluster->GivesCopies(); },
             .hand_over =
                 [this](const Failover::Target& target, std::function<void(bool)> done) {
                   cluster->HandOver(target.host, target.port, std::move(done));
                 }}),
        migrate_connections(io),
        migrator(engine, dispatcher, migrate_connections),
        settings(environment.settings, engine, server, log),
        shutdown({.engine = engine,
                  .persistence = data_files,
                  .log = log,
                  .replication = &replication,
                  .exit = [this] { control.Shutdown(); },
                  .on_going_on = [this] { signals.Forget(); }}),
        server_family{.dispatcher = dispatcher,
                      .settings = environment.settings,
                      .clients = clients,
                      .control = control,
                      .persistence = data_files,
                      .log = log,
                      .memory_limit = memory_limit,
                      .client_limit = client_limit,
                      .shutdown = shutdown,
                      .identity = {.version = std::string(kVersion),
                                   .executable = environment.executable,
                                   .run_id = slots::NodeId::Random(random).ToHex(),
                                   .start_ms = start_micros / 1000},
                      .scripts = &functions,
                      .replication = &replication,
                      .modules = &modules,
                      .restore = &restore_state,
                      .more_info =
                          [this](Args sections) {
                            return modules::ModuleInfo(modules, sections, /*crash=*/false);
                          }},
        functions({.engine = engine,
                   .dispatcher = dispatcher,
                   .log = log,
                   .version = std::string(kVersion),
                   .serve_others = [this] { server.ServeOthers(); }}),
        modules({.engine = engine,
                 .dispatcher = dispatcher,
                 .clients = clients,
                 .settings = environment.settings,
                 .persistence = data_files,
                 .log = log,
                 .post = Poster(),
                 .post_after = Delayer(),
                 .version = std::string(kVersion),
                 .descriptors = &module_descriptors,
                 .cluster = [this]() -> modules::ClusterView* {
                   return cluster == nullptr ? nullptr : &cluster->module_view();
                 },
                 .serve_others = [this] { server.ServeOthers(); }}) {}

  const Config& config() const { return env.settings.config(); }

  // For work on the engine thread, from any thread.
  std::function<void(std::function<void()>)> Poster() {
    return [this](std::function<void()> task) { boost::asio::post(io, std::move(task)); };
  }
  // The same after a while, on the engine thread.
  std::function<void(std::chrono::nanoseconds, std::function<void()>)> Delayer() {
    return [this](std::chrono::nanoseconds time, std::function<void()> task) {
      auto timer = std::make_shared<boost::asio::steady_timer>(io, time);
      timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) {
        if (!error) task();
      });
    };
  }
  absl::Status AddFamilies();
  void HandleSignals();
  void Stop(int signal);
  void SetLimits();
  absl::Status StartCluster();
  absl::Status StartHttp();
  void RetryHttp();
  void BeginLoading();
  void StepLoading();
  void EndLoading(bool had_files);
  void FailLoading(const absl::Status& status);

  Environment env;
  LogRing log;
  int64_t start_micros;
  boost::asio::io_context io;
  std::mt19937_64 random;
  Registry registry;
  Keyspace keyspace;
  Journal journal;
  ServerStats stats;
  SlowLog slow_log;
  SlowLog large_requests;
  SlowLog large_replies;
  LatencyMonitor latency_monitor;
  WatchTable watches;
  ParkingLot parking;
  BlockedClients blocked;
  KeyWaiters key_waiters{blocked};
  Notifier notifier;
  Pause pause;
  ClientTable clients;
  Messages messages{clients};
  Engine engine;
  AllocatorGauge gauge;
  MemoryLimit memory_limit;
  ClientLimit client_limit;
  Dispatcher dispatcher;
  KeyspaceListener listener;
  KeyspaceEvents keyspace_events;
  Snapshots snapshots;
  BackgroundReclaimer reclaimer;
  Server server;
  Cron cron;
  DiskRefusal disk_refusal{engine};
  FileLibraries function_texts{functions};
  RdbFiles rdb_files;
  AofFiles aof_files;
  DataFiles data_files;
  ProcessControl control;
  PeerConnections peer_connections;
  Replication replication;
  MigrateConnections migrate_connections;
  Migrator migrator;
  Settings settings;
  ShutdownSequence shutdown;
  RestoreState restore_state{.log = &log};
  MigrateFamily migrate_family{&migrator};
  TransactionFamily transaction_family{dispatcher};
  ConnectionFamily connection_family{dispatcher};
  ClientFamily client_family{clients};
  ServerFamily server_family;
  functions::Functions functions;
  modules::AsioDescriptors module_descriptors{io};
  modules::Modules modules;
  ClusterFamily no_cluster;
  std::unique_ptr<ClusterPart> cluster;  // Null outside cluster mode.
  std::unique_ptr<admin::HttpServer> http;
  StopSignals signals;                      // Goes before what it tells.
  std::function<absl::Status()> open_http;  // Null: there is to be none.
  int64_t next_http_try_ms = 0;
  int exit_code = 0;
};

absl::Status Node::Parts::AddFamilies() {
  const std::pair<absl::Span<const CommandSpec>, void*> families[] = {
      {StringCommands(), nullptr},
      {SetCommands(), nullptr},
      {HashCommands(), nullptr},
      {BitmapCommands(), nullptr},
      {GenericCommands(), &restore_state},
      {GeoCommands(), nullptr},
      {HyperLogLogCommands(), nullptr},
      {SortedSetReadCommands(), nullptr},
      {SortedSetWriteCommands(), nullptr},
      {ListCommands(), nullptr},
      {MigrateCommands(), &migrate_family},
      {SortCommands(), nullptr},
      {PubSubCommands(), nullptr},
      {StreamCommands(), nullptr},
      {functions::ScriptCommands(), &functions},
      {functions::FunctionCommands(), &functions},
      {modules::ModuleCommands(), &modules},
      {TransactionCommands(), &transaction_family},
      {ConnectionCommands(), &connection_family},
      {ClientCommands(), &client_family},
      {ServerContainerCommands(), &server_family},
      {ServerPlainCommands(), &server_family},
      {ReplicationCommands(), &replication},
      {CommandCommands(), &registry},
      {ClusterCommands(), cluster == nullptr ? &no_cluster : &cluster->family()},
  };
  for (const auto& [rows, state] : families) {
    const absl::Status status = registry.AddFamily(rows, state);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Node::Parts::StartCluster() {
  if (!config().cluster_enabled) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<ClusterPart>> started = ClusterPart::Start(
      {.io = io,
       .engine = engine,
       .dispatcher = dispatcher,
       .clients = clients,
       .log = log,
       .snapshots = snapshots,
       .reclaimer = reclaimer,
       .settings = env.settings,
       .seed = random(),
       .on_fatal = [this](const absl::Status& status) {
         log.Warning(StrCat("The cluster's state cannot be kept any more, shutting down: ",
                            ToStd(status.message())));
         exit_code = 1;
         io.stop();
       }});
  if (!started.ok()) return started.status();
  cluster = *std::move(started);
  cron.OnTick([this] { cluster->Tick(replication.copied_offset()); });
  return absl::OkStatus();
}

// The pages for people and Prometheus. A node alone goes on without them where their port would not
// exist; any node does for as long as somebody has it (it lies among those that systems give to
// outgoing connections).
absl::Status Node::Parts::StartHttp() {
  if (config().http_port < 0 || config().port == 0) return absl::OkStatus();
  const int64_t port =
      config().http_port != 0 ? config().http_port : config().port + kHttpPortOffset;
  if (port > UINT16_MAX) {
    log.Warning(StrCat("No metrics page: its port would be ", port, "; set http-port"));
    return absl::OkStatus();
  }
  admin::HttpRoutes routes;
  routes["/metrics"] = [this] {
    return admin::HttpResponse{
        200, admin::kMetricsContentType,
        admin::RenderMetrics(GatherMetrics(engine, clients, cluster.get(), start_micros))};
  };
  routes["/healthz"] = [this] {
    if (engine.loading.active) return admin::HttpResponse{.status = 503, .body = "loading\n"};
    const bool well = cluster == nullptr || cluster->state().ok();
    return well ? admin::HttpResponse{.body = "ok\n"}
                : admin::HttpResponse{.status = 503, .body = cluster->state().down_reason() + "\n"};
  };
  if (cluster != nullptr) {
    routes["/"] = [this] {
      return admin::HttpResponse{200, admin::kPageContentType, admin::RenderPage(cluster->Look())};
    };
  }
  std::vector<std::string> addresses;
  for (const std::string& address : config().http_bind) {
    if (!address.starts_with('-')) addresses.push_back(address);
  }
  open_http = [this, addresses, port, routes] {
    absl::StatusOr<std::unique_ptr<admin::HttpServer>> started =
        admin::StartHttpServer(&io, addresses, static_cast<uint16_t>(port), routes);
    if (!started.ok()) return started.status();
    http = *std::move(started);
    return absl::OkStatus();
  };
  const absl::Status status = open_http();
  if (absl::IsUnavailable(status)) {
    log.Warning(StrCat("No metrics page yet, trying again: ", ToStd(status.message())));
    return absl::OkStatus();
  }
  return status;
}

void Node::Parts::RetryHttp() {
  if (http != nullptr || open_http == nullptr || engine.now_ms < next_http_try_ms) return;
  next_http_try_ms = engine.now_ms + kHttpRetryMillis;
  if (open_http().ok()) log.Notice("The metrics page is there now.");
}

void Node::Parts::SetLimits() {
  PurgeInBackground();
  gauge.FollowThisThread();
  gauge.Refresh();
  engine.big_values = &snapshots;
  snapshots.set_on_released([this] {
    parking.Release(
        [](const ParkingLot::Place& place) { return place.reason == ParkReason::kSavedValue; });
  });
  engine.memory_limit = &memory_limit;
  engine.client_limit = &client_limit;
  memory_limit.FollowSettings(env.settings);
  memory_limit.set_pending_frees([this] { return reclaimer.pending(); });
  memory_limit.set_wake([this] {
    boost::asio::post(io, [this] {
      dispatcher.BeginTurn();
      memory_limit.Continue();
      dispatcher.ServeReadyKeys();
    });
  });
  client_limit.FollowSettings(env.settings);
  client_limit.set_on_evicted([this](Client& client) {
    log.Notice(StrCat("Evicting client: id=", client.id(), " addr=", client.address,
                      " name=", client.name, " tot-mem=", client.counted_bytes));
  });
}

// The files are loaded in slices, between which clients are served as far as that goes without the
// data, the control thread takes part in its cluster, and pages are shown. What is small is there
// before anybody is served.
void Node::Parts::BeginLoading() {
  server.BeginTurn();
  const absl::StatusOr<bool> found = data_files.BeginLoading();
  if (!found.ok()) return FailLoading(found.status());
  if (*found) {
    using Loading = ServerObserver::Loading;
    Tell(engine, &ServerObserver::OnLoading, config().appendonly ? Loading::kAof : Loading::kRdb);
  }
  if (!*found) return EndLoading(/*had_files=*/false);
  StepLoading();
}

void Node::Parts::StepLoading() {
  server.BeginTurn();
  const absl::StatusOr<bool> done = data_files.StepLoading();
  if (!done.ok()) return FailLoading(done.status());
  if (*done) return EndLoading(/*had_files=*/true);
  boost::asio::post(io, [this] { StepLoading(); });
}

void Node::Parts::FailLoading(const absl::Status& status) {
  log.Warning(StrCat("Fatal error loading the DB: ", ToStd(status.message()), ". Exiting."));
  // What tools look for.
  log.Warning("Terminating server after rdb file reading failure.");
  exit_code = 1;
  io.stop();
}

void Node::Parts::EndLoading(bool had_files) {
  if (had_files) Tell(engine, &ServerObserver::OnLoading, ServerObserver::Loading::kEnded);
  const absl::Status begun = data_files.Begin();
  if (!begun.ok()) return FailLoading(begun);
  if (had_files && cluster != nullptr) {
    const slots::ShardInfo* shard = cluster->state().self_shard();
    if (shard != nullptr && shard->primary == cluster->state().self_id()) {
      log.Warning(
          "Serving this node's slots with what its files held: writes that came after them are "
          "lost.");
    }
    cluster->state().link().AcceptData();
  }
  if (cluster != nullptr) {
    cluster->UseLibraries(functions);
    cluster->UseModules(modules);
  }
  env.settings.OnChange({"appendonly"}, [this](const Config& changed) {
    return data_files.SwitchAof(changed.appendonly);
  });
  replication.Begin(data_files.loaded_notes());
  if (cluster != nullptr) {
    ClusterFamily& family = cluster->family();
    family.ask_primary_to_make_way = [this] { return replication.AskPrimaryToMakeWay(); };
    family.has_copy = [this] { return replication.copied_offset() > 0; };
    cluster->FollowMap([this](const slots::NodeInfo* primary) {
      if (primary == nullptr) {
        (void)replication.FollowNobody();
      } else {
        (void)replication.Follow(primary->ip, primary->port);
      }
    });
  }
  server.set_before_replies([this] {
    replication.BeforeReplies();
    return data_files.Flush();
  });
  log.Notice("Ready to accept connections tcp");
}

void Node::Parts::HandleSignals() {
  signals.Watch(
      {.on_signal = [this](int signal) { boost::asio::post(io, [this, signal] { Stop(signal); }); },
       .on_insisting =
           [this] {
             log.Warning("You insist... exiting now.");
             unlink(TemporaryRdb().c_str());
             _exit(1);
           }});
}

void Node::Parts::Stop(int signal) {
  if (engine.loading.active) {
    log.Warning("Received shutdown signal during loading, exiting now.");
    return io.stop();
  }
  const bool term = signal == SIGTERM;
  log.Warning(term ? "Received SIGTERM scheduling shutdown..."
                   : "Received SIGINT scheduling shutdown...");
  const uint32_t wish = term ? config().shutdown_on_sigterm : config().shutdown_on_sigint;
  shutdown.Ask({.save = (wish & kShutdownSave) != 0,
                .nosave = (wish & kShutdownNoSave) != 0,
                .force = (wish & kShutdownForce) != 0,
                .now = (wish & kShutdownNow) != 0});
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Node::~Node() {
  parts_->keyspace.set_removal_listener(nullptr);
  parts_->keyspace.set_touch_listener(nullptr);
  parts_->keyspace.set_reclaimer(nullptr);
}

absl::StatusOr<std::unique_ptr<Node>> Node::Create(const Environment& environment) {
  auto parts = std::make_unique<Parts>(environment);
  parts->dispatcher.BeginTurn();
  absl::Status status = parts->StartCluster();
  if (!status.ok()) return status;
  status = parts->AddFamilies();
  if (!status.ok()) return status;
  status = parts->modules.LoadConfigured();
  if (!status.ok()) return status;
  parts->keyspace.set_removal_listener(&parts->listener);
  parts->keyspace.set_touch_listener(&parts->listener);
  parts->keyspace.set_reclaimer(&parts->reclaimer);
  parts->notifier.set_listener(&parts->keyspace_events);
  parts->messages.tracking.set_wake([parts = parts.get()] {
    boost::asio::post(parts->io, [parts] { parts->messages.tracking.SendWaiting(); });
  });
  parts->migrate_connections.OnWake([parts = parts.get()] { parts->migrator.Tick(); });
  parts->cron.OnTick([parts = parts.get()] { parts->migrator.Tick(); });
  parts->settings.Begin();
  parts->SetLimits();
  status = parts->server.Listen();
  if (!status.ok()) return status;
  status = parts->StartHttp();
  if (!status.ok()) return status;
  parts->cron.OnTick([parts = parts.get()] { parts->RetryHttp(); });
  parts->HandleSignals();
  parts->stats.startup_memory_bytes = ReadMemoryUse().allocated_bytes;
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

int Node::Run() {
  parts_->cron.OnTick([parts = parts_.get()] {
    parts->shutdown.Tick();
    Tell(parts->engine, &ServerObserver::OnCron);
    if (parts->engine.loading.active) return;
    parts->replication.Tick();
    parts->listener.ExpireOwn();
    parts->data_files.Tick();
  });
  parts_->cron.Start();
  parts_->BeginLoading();
  parts_->io.run();
  Tell(parts_->engine, &ServerObserver::OnShutdown);
  parts_->cron.Stop();
  parts_->server.Stop();
  parts_->data_files.Close();
  parts_->http.reset();
  parts_->cluster.reset();
  parts_->env.log.Warning("slotmesh is now ready to exit, bye bye...");
  return parts_->exit_code;
}

const Engine& Node::engine() const { return parts_->engine; }

void Node::RequestStop() {
  boost::asio::post(parts_->io, [this] { parts_->io.stop(); });
}

}  // namespace slotmesh::node
