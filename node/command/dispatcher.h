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
#include <string_view>

#include "absl/types/span.h"
#include "node/command/client.h"
#include "node/command/command_context.h"
#include "node/command/engine.h"

namespace slotmesh::node {

struct ModuleCall;

class Dispatcher {
 public:
  enum class Result : uint8_t {
    kDone = 0,
    // The client waits (ParkingLot, BlockedClients) and will be resumed through ClientHost::Resume;
    // run no further requests of it until then.
    kWaits = 1,
    // The connection is to be closed (client.close_now or close_after_reply is set).
    kClose = 2,
  };
  // A batch's requests pass through stages, each some requests behind the one before, so that what
  // a stage needs has been fetched into the cache meanwhile: row and hash, bucket, entry,
  // execution.
  static constexpr size_t kBucketDelay = 12;
  static constexpr size_t kEntryDelay = 26;
  static constexpr size_t kObjectDelay = 32;
  static constexpr size_t kValueDelay = 36;
  static constexpr size_t kExecuteDelay = 40;
  static constexpr size_t kPlans = 64;        // A power of two above kExecuteDelay.
  static constexpr size_t kPrefetchFrom = 4;  // Shorter batches run without.
  // After a command of at least this length the time is read again.
  static constexpr uint64_t kSlowCommandMicros = 500;
  // Waits ended by one command; more go on with the next.
  static constexpr size_t kServedAtOnceMax = 100'000;

  explicit Dispatcher(Engine& engine) : engine_(engine) {}

  // Refreshes the time that commands see. Once a loop turn, before its first command.
  void BeginTurn();

  // Runs one request. REQUIRES: args is not empty.
  Result Execute(Client& client, Args args, RequestOrigin origin);

  struct BatchResult {
    size_t executed = 0;  // Requests done (or parked: the last one counts).
    Result result = Result::kDone;
  };
  // Runs a client's pipelined requests in order. Stops early when one parks or closes. `request(i)`
  // gives the words of the i-th of `count`.
  template <typename RequestAt>
  BatchResult ExecuteBatch(Client& client, size_t count, RequestAt request);

  // Runs a command of a module's, whose client has no connection, by the rules of `call`. Exactly
  // one reply, refusals too (call.refusal says so); none of a dry run that would go.
  Result ExecuteForModule(Client& client, Args args, ModuleCall& call);

  // After a wait: runs what client.parked holds, from its start; nothing if a blocked command was
  // completed.
  Result ExecuteParked(Client& client);

  // After a wait that was in vain: answers what client.parked holds with the error instead of
  // running it, and resumes the client.
  void RefuseParked(Client& client, std::string_view error);

  // Runs the requests of clients that wait for keys and whose turn has come. Requests end with it;
  // whoever changes keys without one (a timer, an arriving slot) calls it. Nobody's turn comes
  // within a script.
  void ServeReadyKeys() {
    if (engine_.key_waiters.any_ready() && engine_.script == nullptr) [[unlikely]]
      ServeReadyKeysSlow();
  }

  // A transaction's queued command, or a script's or module's inner one: no queueing, no re-check
  // of what the caller checked already. The reply goes to the client's buffer. Gives the clock's
  // ticks that it took.
  uint64_t Call(Client& client, const Command& command, Args args, RequestOrigin origin,
                const HashedKey* prefetched = nullptr);

  // The user may still run what its transaction has queued; else its error is in the reply.
  bool CheckQueued(Client& client, const Command& command, Args args);
  // Than min-replicas-to-write wants.
  bool TooFewReplicas() const;
  // The client's writes are to be on more copies than are in sync (min-in-sync).
  bool TooFewInSync(const Client& client) const;
  // Ends a transaction without running it, and its watches.
  void DiscardTransaction(Client& client);

 private:
  struct Plan {
    const Command* command = nullptr;
    HashedKey key;              // The first one.
    bool hashed = false;        // `key` is set.
    bool is_single = false;     // There is no other key.
    bool needs_object = false;  // The value is worth prefetching, too.

    const HashedKey* single_key() const { return is_single ? &key : nullptr; }
  };

  Plan MakePlan(Args args, RequestOrigin origin = RequestOrigin::kClient);
  static bool IsFiltered(const Client& client, RequestOrigin origin);
  void EndUnitWork();
  Result ExecutePlanned(Client& client, Args args, const Plan& plan, RequestOrigin origin);
  Result ExecuteInScript(Client& client, Args args, const Plan& plan);
  // Each gives true if the request may go on; else the refusal stands in the reply.
  bool CheckKnown(Client& client, const Command* command, Args args);
  // By the client's user.
  bool MayRun(Client& client, const Command& command, Args args, RequestOrigin origin);
  bool CheckRules(Client& client, const Command& command, Args args, RequestOrigin origin);
  bool CheckMemory(Client& client, const Command& command, Flag flags, RequestOrigin origin);
  bool CheckState(Client& client, const Command& command, Flag flags);
  // Why clients' writes are refused now; empty: they are not.
  std::string_view WriteRefusal(const Client& client) const;
  bool CheckForModule(Client& client, Args args, const Plan& plan, ModuleCall& call);
  bool CheckRoutingForModule(Client& client, Args args, const Plan& plan, ModuleCall& call);
  // As the last client's command found it, or now.
  bool MemoryIsFull(bool measure = false) const;
  // While a script is busy.
  bool CheckBusy(Client& client, const Command& command);
  // Of a script's inner command.
  bool CheckInScript(Client& client, ScriptRun& run, Args args, const Plan& plan);
  bool CheckRoutingInScript(Client& client, ScriptRun& run, Args args, const Plan& plan);
  // A request's flags; with those of the queued commands if it runs them.
  static Flag FlagsOf(const Client& client, const Command& command, Args args) {
    const CommandSpec& row = command.spec();
    if (row.request_flags != nullptr) [[unlikely]] {
      return row.request_flags(command.family(), row.flags, args);
    }
    return Has(row.flags, Flag::kRunsTransaction) ? row.flags | client.transaction.flags
                                                  : row.flags;
  }
  Admission CheckRouting(Client& client, const Command& command, Args args, RequestOrigin origin,
                         const Plan& plan, int* slot);
  // The request would change a key that is held.
  bool ChangesHeldKey(const Client& client, const Command& command, Args args) const;
  // The request would change a big value that a snapshot is to save first.
  bool ChangesUnsavedValue(const Client& client, const Command& command, Args args) const;
  // Moves what the reply remembers of errors into the statistics. True if there were any.
  bool CountErrors(Client& client, const Command* command);
  void Reject(Client& client, const Command* command, std::string_view error);
  // A refusal by routing is in the reply: what it means for a transaction.
  void EndRefused(Client& client, const Command& command);
  // Of a request's keys; of EXEC those of all queued commands.
  static slots::KeySlots SlotsOf(const Client& client, const Command& command, Args args,
                                 const Plan& plan);
  static void AddKeys(const Command& command, Args args, slots::KeySlots* slots);
  void Queue(Client& client, const Command& command, Args args);
  // Queues or calls it while slots are counted (SlotStats). `slot` as the routing has it.
  void RunCounted(Client& client, Args args, const Plan& plan, RequestOrigin origin, int slot,
                  bool queue);
  // What a request cost that is over now.
  void AddCost(Client& client);
  void AfterSlowCommand(CommandContext& ctx, Args args, uint64_t micros);
  // Keeps large requests and replies for COMMANDLOG.
  void LogSizes(CommandContext& ctx, Args args, size_t reply_bytes);
  void AddToLog(SlowLog& log, CommandContext& ctx, Args args, int64_t amount);
  void EndAsking(Client& client);
  // For those who cache by reading, or watch what others do.
  void TellReadersAndMonitors(CommandContext& ctx, Args args, bool first_run);
  void TellMonitors(CommandContext& ctx, Args args);
  void RememberRead(CommandContext& ctx, Args args);
  // What follows a client's reply: messages to it that have waited.
  void EndPushes(Client& client, const Command& command);
  void ServeReadyKeysSlow();
  bool IsReady(const KeyWaiters::Waiter& waiter, int database, std::string_view key);
  // Its slot has gone elsewhere: the reply says where.
  bool IsRedirected(const KeyWaiters::Waiter& waiter);
  void RunAgain(KeyWaiters::Turn turn);
  void ApplyReplyMode(Client& client, uint64_t reply_begin);
  Result Finish(Client& client, uint64_t reply_begin);

  Engine& engine_;
  bool serving_ = false;  // Within ServeReadyKeys: what is ready meanwhile is served there.
};

template <typename RequestAt>
Dispatcher::BatchResult Dispatcher::ExecuteBatch(Client& client, size_t count, RequestAt request) {
  BatchResult done;
  if (count < kPrefetchFrom || engine_.request_filter != nullptr) {
    while (done.executed < count && done.result == Result::kDone) {
      done.result = Execute(client, request(done.executed++), RequestOrigin::kClient);
    }
    return done;
  }
  std::array<Plan, kPlans> plans;
  const Database& db = engine_.keyspace.database(client.database);
  for (size_t turn = 0; done.executed < count; ++turn) {
    if (turn < count) {
      Plan& plan = plans[turn % kPlans] = MakePlan(request(turn));
      if (plan.hashed) db.PrefetchTable(plan.key);
    }
    if (const size_t i = turn - kBucketDelay; turn >= kBucketDelay && i < count) {
      if (plans[i % kPlans].hashed) db.PrefetchBucket(plans[i % kPlans].key);
    }
    if (const size_t i = turn - kEntryDelay; turn >= kEntryDelay && i < count) {
      if (plans[i % kPlans].hashed) db.PrefetchEntry(plans[i % kPlans].key);
    }
    if (const size_t i = turn - kObjectDelay; turn >= kObjectDelay && i < count) {
      if (plans[i % kPlans].needs_object) db.PrefetchObject(plans[i % kPlans].key);
    }
    if (const size_t i = turn - kValueDelay; turn >= kValueDelay && i < count) {
      if (plans[i % kPlans].needs_object) db.PrefetchValue(plans[i % kPlans].key);
    }
    if (turn < kExecuteDelay) continue;
    const size_t i = turn - kExecuteDelay;
    done.executed = i + 1;
    done.result = ExecutePlanned(client, request(i), plans[i % kPlans], RequestOrigin::kClient);
    if (done.result != Result::kDone) return done;
  }
  return done;
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_DISPATCHER_H_
