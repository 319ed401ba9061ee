#include "node/app/node.h"

#include <unistd.h>

#include <csignal>
#include <random>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/signal_set.hpp"
#include "node/app/cron.h"
#include "node/command/client_table.h"
#include "node/command/dispatcher.h"
#include "node/command/keyspace_listener.h"
#include "node/commands/connection.h"
#include "node/commands/generic.h"
#include "node/commands/strings.h"
#include "node/commands/transactions.h"
#include "node/net/server.h"
#include "slots/strings.h"

namespace slotmesh::node {

struct Node::Parts {
  explicit Parts(const Environment& environment)
      : env(environment),
        io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
        signals(io),
        random(environment.seed),
        keyspace({.databases = static_cast<int>(config().databases),
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
               .notifier = notifier,
               .pause = pause,
               .clock = environment.clock,
               .micros_per_tick = 1 / environment.clock.ticks_per_micro(),
               .random = random},
        dispatcher(engine),
        listener(engine),
        server(io, engine, dispatcher, clients),
        cron(io, engine, server) {}

  const Config& config() const { return env.settings.config(); }

  absl::Status AddFamilies();
  void ApplySettings();
  void FollowSettings();
  void HandleSignals();

  Environment env;
  boost::asio::io_context io;
  boost::asio::signal_set signals;
  std::mt19937_64 random;
  Registry registry;
  Keyspace keyspace;
  Journal journal;
  ServerStats stats;
  SlowLog slow_log;
  WatchTable watches;
  ParkingLot parking;
  BlockedClients blocked;
  Notifier notifier;
  Pause pause;
  ClientTable clients;
  Engine engine;
  Dispatcher dispatcher;
  KeyspaceListener listener;
  Server server;
  Cron cron;
  TransactionFamily transaction_family{dispatcher};
  ConnectionFamily connection_family{dispatcher};
  int exit_code = 0;
};

absl::Status Node::Parts::AddFamilies() {
  const std::pair<absl::Span<const CommandSpec>, void*> families[] = {
      {StringCommands(), nullptr},
      {GenericCommands(), nullptr},
      {TransactionCommands(), &transaction_family},
      {ConnectionCommands(), &connection_family},
  };
  for (const auto& [rows, state] : families) {
    const absl::Status status = registry.AddFamily(rows, state);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void Node::Parts::ApplySettings() {
  notifier.set_classes(config().notify_keyspace_events);
  slow_log.set_threshold_micros(config().slowlog_log_slower_than);
  slow_log.set_max_entries(static_cast<size_t>(config().slowlog_max_len));
}

void Node::Parts::FollowSettings() {
  env.settings.OnChange(
      {"notify-keyspace-events", "slowlog-log-slower-than", "slowlog-max-len"},
      [this](const Config&) {
        ApplySettings();
        return absl::OkStatus();
      });
}

void Node::Parts::HandleSignals() {
  signals.add(SIGTERM);
  signals.add(SIGINT);
  signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    env.log.Warning(signal == SIGTERM ? "Received SIGTERM scheduling shutdown..."
                                      : "Received SIGINT scheduling shutdown...");
    io.stop();
  });
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Node::~Node() {
  parts_->keyspace.set_removal_listener(nullptr);
  parts_->keyspace.set_touch_listener(nullptr);
}

absl::StatusOr<std::unique_ptr<Node>> Node::Create(const Environment& environment) {
  auto parts = std::make_unique<Parts>(environment);
  absl::Status status = parts->AddFamilies();
  if (!status.ok()) return status;
  parts->keyspace.set_removal_listener(&parts->listener);
  parts->keyspace.set_touch_listener(&parts->listener);
  parts->ApplySettings();
  parts->FollowSettings();
  parts->dispatcher.BeginTurn();
  status = parts->server.Listen();
  if (!status.ok()) return status;
  parts->HandleSignals();
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

int Node::Run() {
  parts_->cron.Start();
  parts_->env.log.Notice("Ready to accept connections tcp");
  parts_->io.run();
  parts_->env.log.Warning("User requested shutdown...");
  parts_->cron.Stop();
  parts_->server.Stop();
  parts_->env.log.Warning("slotmesh is now ready to exit, bye bye...");
  return parts_->exit_code;
}

void Node::RequestStop() {
  boost::asio::post(parts_->io, [this] { parts_->io.stop(); });
}

}  // namespace slotmesh::node
