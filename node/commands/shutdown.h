// The end of the process, begun by SHUTDOWN or a signal: waits until the replicas have what the
// primary wrote, saves, ends.
//
//   idle -> asked (by a signal, until the next tick) -> waits for replicas -> ends, or goes on
//
// While it waits, writes are held back, for at most shutdown-timeout; clients that asked for the
// end are blocked. If what is to be saved cannot be, they get an error and all goes on as before.
//
// Engine thread only. A step machine over Tick; borrows all.
#ifndef SLOTMESH_NODE_COMMANDS_SHUTDOWN_H_
#define SLOTMESH_NODE_COMMANDS_SHUTDOWN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "node/command/engine.h"
#include "node/commands/persistence.h"
#include "node/commands/replication_view.h"
#include "node/stats/log.h"

namespace slotmesh::node {

struct ShutdownRequest {
  bool save = false;     // Even without save points.
  bool nosave = false;   // Even with them.
  bool force = false;    // Even if that fails.
  bool now = false;      // Whatever the replicas have.
  bool restart = false;  // The process is to begin anew.
};

class ShutdownSequence {
 public:
  enum class Outcome : uint8_t { kEnds = 0, kWaits = 1, kFailed = 2 };
  struct Environment {
    Engine& engine;
    Persistence& persistence;
    Log& log;
    ReplicationView* replication = nullptr;  // Null: there is none.
    // Once this turn's replies are out.
    std::function<void(bool restart)> exit;
    std::function<void()> on_going_on;  // It was aborted, or has failed. May be null.
  };
  explicit ShutdownSequence(Environment environment) : env_(std::move(environment)) {}

  // A signal came: begins at the next tick, until which it can be aborted.
  void Ask(const ShutdownRequest& request) { asked_ = request; }
  // One that asks for the end at once does not wait, nor go on waiting. Where a restart is under
  // way and an end is asked for, it ends. REQUIRES: not ended.
  Outcome Begin(const ShutdownRequest& request);
  // It would have to wait.
  bool NeedsToWait(const ShutdownRequest& request) const;
  // The client hears of it if the process goes on. REQUIRES: Begin() returned kWaits;
  // CommandContext::may_block().
  void Await(Client& client);
  // False if there is none under way.
  bool Abort();
  // From a timer.
  void Tick();

  // Until the replicas' time is over; nothing if nobody waits for them.
  std::optional<int64_t> millis_left() const;

 private:
  bool ReplicasHaveAll() const;
  Outcome Finish();
  bool GiveUpRewrite();
  bool SaveData();
  void LogReplicas() const;
  void GoOn();

  const Environment env_;
  std::optional<ShutdownRequest> asked_;
  std::optional<ShutdownRequest> waiting_;  // What for: the replicas.
  int64_t deadline_ms_ = 0;
  std::vector<BlockedClients::Ticket> clients_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SHUTDOWN_H_
