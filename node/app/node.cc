#include "node/app/node.h"

#include <unistd.h>

#include <csignal>
#include <functional>
#include <utility>

#include "admin/page.h"
#include "boost/asio/post.hpp"
#include "node/app/metrics_source.h"
#include "node/app/node_parts.h"
#include "node/app/synced_wiring.h"
#include "node/command/server_observer.h"
#include "node/commands/bitmaps.h"
#include "node/commands/client_line.h"
#include "node/commands/command_family.h"
#include "node/commands/geo.h"
#include "node/commands/hashes.h"
#include "node/commands/hyperloglog.h"
#include "node/commands/lists.h"
#include "node/commands/pubsub.h"
#include "node/commands/sets.h"
#include "node/commands/sort.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/zsets.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kHttpRetryMillis = 1000;

}  // namespace

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
      {AclCommandRows(), &acl_family},
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
  for (const auto& [from, to] : config().rename_command) {
    const absl::Status status = registry.Rename(from, to);
    if (status.ok()) continue;
    return env.settings.Fatal(
        StrCat(">>> 'rename-command \"", from, "\" \"", to, "\"'\n", ToStd(status.message())));
  }
  return absl::OkStatus();
}

void Node::Parts::BeginAccess() {
  access.FollowSettings(env.settings);
  access.set_describe_client([this](Client& client) {
    return ClientLine(client, watches.CountOf(client), engine.now_ms);
  });
  access.set_secret_bytes(env.secret_bytes);
  env.settings.set_lines("user", [this] {
    std::vector<std::string> lines;
    if (!config().aclfile.empty()) return lines;
    for (const auto& [name, user] : access.users().all()) {
      lines.push_back(StrCat(name, " ", user->Describe()));
    }
    return lines;
  });
}

// When the commands of all modules are known, which rules may name.
absl::Status Node::Parts::LoadUsers() {
  if (!config().aclfile.empty() && !config().user.empty()) {
    return env.settings.Fatal(
        ">>> 'aclfile'\nUsers in an ACL file and users in the configuration file at the same time "
        "would be a likely source of mistakes: use one of them.");
  }
  absl::Status status = access.LoadConfigured(config().user);
  if (!status.ok()) return env.settings.Fatal(ToStd(status.message()));
  if (!config().aclfile.empty()) status = access.LoadFile(config().aclfile);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        StrCat("Aborting startup because of ACL errors: ", ToStd(status.message())));
  }
  for (const auto& [name, user] : access.users().all()) {
    if (user->enabled()) continue;
    log.Notice(StrCat("The user '", name, "' is disabled: there is no 'on' among its rules."));
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
       .restart =
           [this] {
             if (!env.can_restart) {
               return absl::FailedPreconditionError(
                   "the node cannot restart itself: its configuration came from standard input");
             }
             shutdown.Ask({.restart = true});
             return absl::OkStatus();
           },
       .on_fatal =
           [this](const absl::Status& status) {
             log.Warning(StrCat("The cluster's state cannot be kept any more, shutting down: ",
                                ToStd(status.message())));
             exit_code = 1;
             io.stop();
           }});
  if (!started.ok()) return started.status();
  cluster = *std::move(started);
  server_family.bus_faults = &cluster->bus_faults();
  messages.pubsub.set_slot_stats(&slot_stats);
  cron.OnTick([this] {
    const PrimaryLink* link = replication.link();
    const bool down = link != nullptr && !link->connected();
    cluster->Tick(replication.copied_offset(), down ? engine.now_ms - link->down_since_ms() : 0);
  });
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
    admin::MetricsSnapshot metrics = GatherMetrics(engine, clients, cluster.get(), start_micros);
    metrics.discarded_bytes = replication.discarded().bytes;
    metrics.discarded_commands = replication.discarded().commands;
    return admin::HttpResponse{200, admin::kMetricsContentType, admin::RenderMetrics(metrics)};
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
  // What goes by itself, and would only be more if keys were evicted for it.
  memory_limit.AddUncounted([this] { return replication.replicas_bytes(); });
  memory_limit.AddUncounted([this] { return aof_files.Status().buffered_bytes; });
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
    WireSyncedWrites(cluster->synced_writes(), replication, server, env.settings);
    cluster->KeepIn([this] { return data_files.Flush(); });
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

void Node::Parts::ServeOthers() {
  server.ServeOthers();
  if (cluster != nullptr) cluster->EngineTurned();
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
  parts->BeginAccess();
  status = parts->modules.LoadConfigured();
  if (!status.ok()) return status;
  status = parts->LoadUsers();
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
  if (parts->config().write_safety == WriteSafety::kSynced && parts->cluster == nullptr) {
    parts->log.Warning(
        "'write-safety synced' has no effect: this node is not in cluster mode, where the ledger "
        "says which replicas are in sync.");
  }
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

bool Node::wants_restart() const { return parts_->restart; }

void Node::RequestStop() {
  boost::asio::post(parts_->io, [this] { parts_->io.stop(); });
}

}  // namespace slotmesh::node
