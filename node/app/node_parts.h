// What a node is made of, and how its parts know each other: the object graph. Order of members is
// order of construction. Engine thread; for node.cc alone.
#ifndef SLOTMESH_NODE_APP_NODE_PARTS_H_
#define SLOTMESH_NODE_APP_NODE_PARTS_H_

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <utility>

#include "admin/http/http_server.h"
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
#include "node/app/node.h"
#include "node/app/process_control.h"
#include "node/app/settings.h"
#include "node/app/stop_signals.h"
#include "node/cluster/cluster_family.h"
#include "node/command/access_control.h"
#include "node/command/client_limit.h"
#include "node/command/client_table.h"
#include "node/command/dispatcher.h"
#include "node/command/keyspace_events.h"
#include "node/command/keyspace_listener.h"
#include "node/command/memory_limit.h"
#include "node/commands/acl.h"
#include "node/commands/client.h"
#include "node/commands/connection.h"
#include "node/commands/generic.h"
#include "node/commands/migrate.h"
#include "node/commands/server.h"
#include "node/commands/transactions.h"
#include "node/keyspace/reclaimers.h"
#include "node/net/migrate_connections.h"
#include "node/net/peer_connections.h"
#include "node/net/server.h"
#include "node/persist/aof_files.h"
#include "node/persist/data_files.h"
#include "node/persist/disk_refusal.h"
#include "node/persist/rdb_files.h"
#include "node/replication/replication.h"
#include "node/snapshot/snapshots.h"
#include "node/stats/memory.h"

namespace slotmesh::node {

// Where an RDB file is written before it gets its name.
std::string TemporaryRdb();

struct Node::Parts {
  explicit Parts(const Environment& environment);

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
  // Within a long request (Server::ServeOthers).
  void ServeOthers();
  absl::Status AddFamilies();
  void HandleSignals();
  void Stop(int signal);
  void SetLimits();
  void BeginAccess();
  absl::Status LoadUsers();
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
  SlotStats slot_stats;
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
  AccessControl access{engine, clients};
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
  AclFamily acl_family{log};
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
  bool restart = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_NODE_PARTS_H_
