// The one way in: every command of every origin runs through here.
//
// Checks in the order of the cluster contract (unknown, arity, transaction, authentication, ACL,
// slot, memory and state), queues inside MULTI, calls the handler, records statistics and gives the
// effects to the journal. Engine thread only. Cost of a simple command: one registry probe, one
// hash, two clock ticks, no allocation.
#ifndef SLOTMESH_NODE_COMMAND_DISPATCHER_H_
#define SLOTMESH_NODE_COMMAND_DISPATCHER_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/types/span.h"
#include "node/command/client.h"
#include "node/command/command_context.h"
#include "node/command/engine.h"

namespace slotmesh::node {

class Dispatcher {
 public:
  enum class Result : uint8_t {
    kDone = 0,
    // The request waits (ParkingLot) and will be resumed through ClientHost::Resume; read no
    // further requests of this client until then.
    kParked = 1,
    // The connection is to be closed (client.close_now or close_after_reply is set).
    kClose = 2,
  };
  // How far ahead of execution keys are hashed and their places in the tables prefetched.
  static constexpr size_t kPrefetchWindow = 32;
  // After a command of at least this length the time is read again.
  static constexpr uint64_t kSlowCommandMicros = 500;

  explicit Dispatcher(Engine& engine) : engine_(engine) {}

  // Refreshes the time that commands see. Once a loop turn, before its first command.
  void BeginTurn();

  // Runs one request. REQUIRES: args is not empty.
  Result Execute(Client& client, Args args, Origin origin);

  struct BatchResult {
    size_t executed = 0;  // Requests done (or parked: the last one counts).
    Result result = Result::kDone;
  };
  // Runs a client's pipelined requests in order: plans a window of them (row, key hash, slot),
  // prefetches, then executes. Stops early when one parks or closes. `request(i)` gives the i-th of
  // `count`.
  template <typename RequestAt>
  BatchResult ExecuteBatch(Client& client, size_t count, RequestAt request);

  // Runs what client.parked holds, from its start.
  Result ExecuteParked(Client& client);

  // A transaction's queued command, or a script's or module's inner one: no queueing, no re-check
  // of what the caller checked already. The reply goes to the client's buffer.
  void Call(Client& client, const Command& command, Args args, Origin origin,
            const HashedKey* prefetched = nullptr);

  // Ends a transaction without running it, and its watches.
  void DiscardTransaction(Client& client);

 private:
  struct Plan {
    const Command* command = nullptr;
    HashedKey key;
    bool hashed = false;
  };

  Plan MakePlan(Args args);
  Result ExecutePlanned(Client& client, Args args, const Plan& plan, Origin origin);
  // Each gives true if the request may go on; else the refusal stands in the reply.
  bool CheckKnown(Client& client, const Command* command, Args args);
  bool CheckAccess(Client& client, const Command& command);
  bool CheckState(Client& client, const Command& command);
  Admission CheckRouting(Client& client, const Command& command, Args args, Origin origin,
                         const Plan& plan, int* slot);
  void Reject(Client& client, const Command* command, std::string_view error);
  // Adds the slots of a command's keys to what the gate is asked.
  void AddKeys(const Command& command, Args args, GateRequest* request);
  void Queue(Client& client, const Command& command, Args args);
  void AfterSlowCommand(Client& client, const Command& command, Args args, uint64_t micros);
  void ApplyReplyMode(Client& client, uint64_t reply_begin);
  Result Finish(Client& client, uint64_t reply_begin);

  Engine& engine_;
};

template <typename RequestAt>
Dispatcher::BatchResult Dispatcher::ExecuteBatch(Client& client, size_t count, RequestAt request) {
  BatchResult done;
  std::array<Plan, kPrefetchWindow> plans;
  while (done.executed < count) {
    const size_t window = std::min(kPrefetchWindow, count - done.executed);
    const size_t first = done.executed;
    for (size_t i = 0; i < window; ++i) plans[i] = MakePlan(request(first + i));
    Database& db = engine_.keyspace.db(client.database);
    if (window > 1) {
      for (size_t i = 0; i < window; ++i) {
        if (plans[i].hashed) db.PrefetchEntry(plans[i].key);
      }
    }
    for (size_t i = 0; i < window; ++i) {
      ++done.executed;
      done.result = ExecutePlanned(client, request(first + i), plans[i], Origin::kClient);
      if (done.result != Result::kDone) return done;
    }
  }
  return done;
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_DISPATCHER_H_
