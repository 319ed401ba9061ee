// MIGRATE at work: keys on their way to other servers, while the loop goes on.
//
// A client whose MIGRATE has begun waits (BlockedClients); its keys are held (HeldKeys), so their
// values stay as they are until the target has confirmed them and they are removed here, or the
// move has failed. A key is removed only when the target has said that it has it, and only while
// this node may still change it (ClusterGate::MayChange): no acknowledged write is lost, at worst
// both sides have the key.
//
// One connection a target, used by one MIGRATE after the other and kept for kIdleMax, as Redis
// does. The timeout is the longest time without progress. When it runs out with requests
// unanswered, the target may still carry them out, later than anything that a new connection says;
// so the connection is closed for sending only, and until the target has closed it too (and so has
// read all that it ever will) further MIGRATEs to that target wait, within their own timeouts.
//
// Engine thread only. Borrows engine, dispatcher and network. Bounds: jobs by connected clients,
// connections by kCachedMax and those in use, memory by MigrateExchange::kFillBytes and a value for
// each connection.
#ifndef SLOTMESH_NODE_COMMANDS_MIGRATOR_H_
#define SLOTMESH_NODE_COMMANDS_MIGRATOR_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "node/command/dispatcher.h"
#include "node/command/peer_connection.h"
#include "node/commands/migrate_exchange.h"

namespace slotmesh::node {

class MigrateNetwork : public PeerNetwork {
 public:
  // Calls Migrator::Tick after this time, instead of when it was asked for before.
  virtual void WakeAfter(absl::Duration time) = 0;
};

struct MigrateTask {
  std::string host;
  uint16_t port = 0;
  int64_t database = 0;  // There.
  absl::Duration timeout;
  bool copy = false;
  bool replace = false;
  std::optional<MigrateExchange::Login> login;
  std::vector<std::string> keys;
};

class Migrator {
 public:
  static constexpr absl::Duration kIdleMax = absl::Seconds(10);
  static constexpr size_t kCachedMax = 64;

  Migrator(Engine& engine, Dispatcher& dispatcher, MigrateNetwork& network);
  ~Migrator();
  Migrator(const Migrator&) = delete;
  Migrator& operator=(const Migrator&) = delete;

  // The reply comes later. REQUIRES: the client may block; its keys are there, held by nobody, each
  // named once.
  void Begin(Client& client, MigrateTask task);
  // Deadlines. Also to be called now and then, for connections that are idle.
  void Tick();

  // MIGRATEs whose reply is still to come; connections, idle ones too.
  size_t jobs() const;
  size_t connections() const;

 private:
  struct Job;
  class Target;
  using Address = std::pair<std::string, uint16_t>;

  absl::Time Now() const { return absl::FromUnixNanos(engine_.clock.MonotonicNanos()); }
  bool ReadValue(const Job& job, const std::string& key, MigrateExchange::Value* value);
  void Remove(Job& job, const std::string& key);
  // The reply, and what the keys' writers waited for.
  void End(Job& job, std::string_view error);
  void DropIdle(bool make_room);
  void Rearm();

  Engine& engine_;
  Dispatcher& dispatcher_;
  MigrateNetwork& network_;
  std::map<Address, std::unique_ptr<Target>> targets_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_MIGRATOR_H_
