// One engine: the objects that belong to one engine thread, tied together by the composition root.
//
// Borrowed references only; node/app owns what they point to. A later split of a node's slots over
// several threads makes one Engine a thread, so nothing here may be shared between two of them.
#ifndef SLOTMESH_NODE_COMMAND_ENGINE_H_
#define SLOTMESH_NODE_COMMAND_ENGINE_H_

#include <cstdint>
#include <string_view>

#include "absl/random/bit_gen_ref.h"
#include "node/command/blocked_clients.h"
#include "node/command/cluster_gate.h"
#include "node/command/held_keys.h"
#include "node/command/key_waiters.h"
#include "node/command/load_progress.h"
#include "node/command/messages.h"
#include "node/command/notify.h"
#include "node/command/parking_lot.h"
#include "node/command/pause.h"
#include "node/command/registry.h"
#include "node/command/replication_state.h"
#include "node/command/watch_table.h"
#include "node/config/config.h"
#include "node/journal/journal.h"
#include "node/keyspace/big_value_gate.h"
#include "node/keyspace/keyspace.h"
#include "node/stats/clock.h"
#include "node/stats/latency_monitor.h"
#include "node/stats/server_stats.h"
#include "node/stats/slot_stats.h"
#include "node/stats/slow_log.h"
#include "node/types/type_settings.h"
#include "slots/hash_slot.h"

namespace slotmesh::node {

class AccessControl;
class ClientLimit;
class RequestFilter;
class ServerObserver;
class UnitEnd;
class MemoryLimit;
struct ScriptRun;

// A key with its hash, and in cluster mode its slot.
inline HashedKey HashKey(const Keyspace& keyspace, std::string_view key) {
  return keyspace.Hash(key, keyspace.cluster() ? slots::HashSlot(key) : 0);
}

// What a client has the engine do at this moment.
struct RunningCommand {
  const Client* client = nullptr;  // Null: nothing.
  Args args;
  const RunningCommand* outer = nullptr;  // What runs it: a script's, a module's, EXEC.
};

struct Engine {
  Registry& registry;
  Keyspace& keyspace;
  Journal& journal;
  const Config& config;  // Changed by ConfigStore alone.
  ServerStats& stats;
  SlowLog& slow_log;
  WatchTable& watches;
  ParkingLot& parking;
  BlockedClients& blocked;
  KeyWaiters& key_waiters;
  Messages& messages;
  Notifier& notifier;
  Pause& pause;
  AccessControl& access;
  Clock& clock;
  double micros_per_tick;  // 1 / clock.ticks_per_micro()
  absl::BitGenRef random;
  ClusterGate* gate = nullptr;  // Null outside cluster mode.
  // Null: nothing is kept.
  LatencyMonitor* latency_monitor = nullptr;
  SlowLog* large_requests = nullptr;  // COMMANDLOG's other two; their amounts are bytes.
  SlowLog* large_replies = nullptr;
  // DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call what they may not otherwise. For tests.
  bool scripts_unrestricted = false;
  ScriptRun* script = nullptr;  // The script or function that runs; null if none does.
  // Null: nobody changes requests, nothing is put off to the end of units.
  RequestFilter* request_filter = nullptr;
  UnitEnd* unit_end = nullptr;
  ServerObserver* observer = nullptr;  // Null: nobody listens.
  TypeSettings type_settings;
  HeldKeys held_keys;
  bool in_exec = false;                // A transaction's commands run.
  BigValueGate* big_values = nullptr;  // Null: there are no snapshots.
  RunningCommand running;              // For reports of a crash.
  // Null: there are no limits.
  MemoryLimit* memory_limit = nullptr;
  ClientLimit* client_limit = nullptr;
  // Bytes in use, refreshed by the composition root's timer.
  uint64_t used_memory_bytes = 0;
  // Why writes are refused while what they change cannot be saved; empty: they are not.
  std::string_view disk_refusal;
  SlotStats* slot_stats = nullptr;  // Null outside cluster mode.
  ReplicationState replication;
  LoadProgress loading;
  int64_t turn_ns = 0;  // Monotonic time at the turn's begin.
  int64_t now_ms = 0;   // Wall time, refreshed at least once a loop turn and per slow command.
};

// The client's replies wait for the replicas that are in sync (write-safety).
inline bool IsSynced(const Engine& engine, const Client& client) {
  if (client.write_safety == SafetyChoice::kServers) {
    return engine.config.write_safety == WriteSafety::kSynced;
  }
  return client.write_safety == SafetyChoice::kSynced;
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_ENGINE_H_
