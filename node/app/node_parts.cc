#include "node/app/node_parts.h"

#include <unistd.h>

#include <string>

#include "node/app/version.h"
#include "node/persist/output_file.h"
#include "slots/ids.h"
#include "slots/strings.h"

namespace slotmesh::node {
std::string TemporaryRdb() { return StrCat("temp-", getpid(), ".rdb"); }

Node::Parts::Parts(const Environment& environment)
    : env(environment),
      log(environment.log, environment.clock),
      start_micros(environment.clock.WallMicros()),
      io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      random(environment.seed),
      keyspace({.databases = static_cast<int>(config().cluster_enabled ? config().cluster_databases
                                                                       : config().databases),
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
             .access = access,
             .clock = environment.clock,
             .micros_per_tick = 1 / environment.clock.ticks_per_micro(),
             .random = random,
             .latency_monitor = &latency_monitor,
             .large_requests = &large_requests,
             .large_replies = &large_replies,
             .slot_stats = config().cluster_enabled ? &slot_stats : nullptr},
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
                 .post_after = Delayer(),
                 .stages_moves = [this] { return cluster != nullptr && cluster->stages_moves(); }}),
      data_files(rdb_files, aof_files, engine),
      control(io, cron, server, reclaimer),
      peer_connections(io, engine.config.bind_source_addr),
      replication({.engine = engine,
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
                   .process =
                       [this] {
                         if (cluster == nullptr) return std::string();
                         const ClusterState& state = cluster->state();
                         return StrCat(state.self_id().ToHex(), ":",
                                       cluster->state().link().boot());
                       },
                   .stages_moves = [this] { return cluster != nullptr && cluster->stages_moves(); },
                   .drop_staged =
                       [this] {
                         if (cluster != nullptr) cluster->DropStaged();
                       },
                   .holds_replies =
                       [this] {
                         return server.holds_replies() ||
                                (cluster != nullptr && cluster->synced_writes().in_sync().open());
                       },
                   .in_sync_copies = [this]() -> int64_t {
                     if (cluster == nullptr) return 0;
                     const InSync& in_sync = cluster->synced_writes().in_sync();
                     return in_sync.decided().primary ? in_sync.copies() : 0;
                   },
                   .may_take_over =
                       [this](const Failover::Target& target) {
                         return cluster == nullptr || cluster->MayTakeOver(target);
                       },
                   .hand_over =
                       [this](const Failover::Target& target, std::function<void(bool)> done) {
                         cluster->HandOver(target, std::move(done));
                       }}),
      migrate_connections(io, engine.config.bind_source_addr),
      migrator(engine, dispatcher, migrate_connections),
      settings(environment.settings, engine, server, log),
      shutdown({.engine = engine,
                .persistence = data_files,
                .log = log,
                .replication = &replication,
                .exit =
                    [this](bool again) {
                      restart = again;
                      control.Shutdown();
                    },
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
                    .restore = &restore_state},
      functions({.engine = engine,
                 .dispatcher = dispatcher,
                 .log = log,
                 .version = std::string(kVersion),
                 .serve_others = [this] { ServeOthers(); }}),
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
               .replace_data =
                   [this](const std::string& path, absl::FunctionRef<void()> between) {
                     return replication.ReplaceData(path, between);
                   },
               .serve_others = [this] { ServeOthers(); }}) {}

}  // namespace slotmesh::node
