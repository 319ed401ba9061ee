// Commands of the group server: INFO, CONFIG, FLUSHALL, MEMORY, SLOWLOG, LATENCY, DEBUG, SHUTDOWN
// and their relatives.
#ifndef SLOTMESH_NODE_COMMANDS_SERVER_H_
#define SLOTMESH_NODE_COMMANDS_SERVER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "node/command/client_limit.h"
#include "node/command/client_table.h"
#include "node/command/command_spec.h"
#include "node/command/dispatcher.h"
#include "node/command/memory_limit.h"
#include "node/commands/generic.h"
#include "node/commands/persistence.h"
#include "node/commands/replication_view.h"
#include "node/commands/shutdown.h"
#include "node/config/config_store.h"
#include "node/stats/latency_monitor.h"
#include "node/stats/log.h"
#include "node/stats/slow_log.h"

namespace slotmesh::node {

class BusFaults;

// What stays the same from a node's start to its end.
struct ServerIdentity {
  std::string version;     // Of slotmesh.
  std::string executable;  // Absolute path.
  std::string run_id;      // 40 hexadecimal digits.
  int64_t start_ms = 0;
};

// What commands ask of the process around the engine. Implemented by node/app.
class ServerControl {
 public:
  virtual ~ServerControl() = default;
  // The loop ends once this turn's replies are out.
  virtual void Shutdown() = 0;
  // DEBUG SLEEP: nothing goes on meanwhile.
  virtual void Sleep(int64_t micros) = 0;
  virtual void SetActiveExpiry(bool on) = 0;
  // DEBUG PAUSE-CRON: the timer does nothing.
  virtual void SetTimerPaused(bool paused) = 0;
  // Keys that wait to be freed in the background, and those that were.
  virtual uint64_t lazyfree_pending() const = 0;
  virtual uint64_t lazyfreed() const = 0;
  virtual void ResetLazyfreed() = 0;
  // DEBUG REPLYBUFFER: for how long a client must be quiet before its reply buffer becomes small;
  // nothing: as usual; below 0: it never does.
  virtual void SetReplyIdle(std::optional<int64_t> millis) = 0;
  // That the node listens on; 0 if it does not.
  virtual int port() const = 0;
};

// Of scripts and functions, for INFO.
struct ScriptUsage {
  uint64_t eval_vm_bytes = 0;  // What the interpreters hold,
  uint64_t functions_vm_bytes = 0;
  uint64_t eval_cache_bytes = 0;  // and what the server keeps of the scripts and libraries.
  uint64_t libraries_bytes = 0;
  uint64_t cached_scripts = 0;
  uint64_t evicted_scripts = 0;
  uint64_t libraries = 0;
  uint64_t functions = 0;
};

class ScriptUsageSource {
 public:
  virtual ~ScriptUsageSource() = default;
  virtual ScriptUsage Measure() const = 0;
  // What is counted begins anew (CONFIG RESETSTAT).
  virtual void ResetStats() = 0;
};

// Of modules, for INFO.
class ModulesReport {
 public:
  virtual ~ModulesReport() = default;
  // A line each: "name=...,ver=...".
  virtual std::vector<std::string> DescribeModules() const = 0;
  // Their own sections, as text: those named, all if none is named.
  virtual std::string InfoSections(Args names) const = 0;
  // A child process of a module's runs.
  virtual bool has_child() const = 0;
};

struct ServerFamily {
  Dispatcher& dispatcher;
  ConfigStore& settings;
  ClientTable& clients;
  ServerControl& control;
  Persistence& persistence;
  Log& log;
  MemoryLimit& memory_limit;
  ClientLimit& client_limit;
  ShutdownSequence& shutdown;
  ServerIdentity identity;
  ScriptUsageSource* scripts = nullptr;    // Null: there are none.
  ReplicationView* replication = nullptr;  // Null: there is none.
  const ModulesReport* modules = nullptr;  // Null: there are none.
  RestoreState* restore = nullptr;         // For DEBUG; null: there is none.
  BusFaults* bus_faults = nullptr;         // For DEBUG; null outside cluster mode.
};

// Handlers expect a ServerFamily as their family's state. Two tables: commands with subcommands
// and those without.
absl::Span<const CommandSpec> ServerContainerCommands();
absl::Span<const CommandSpec> ServerPlainCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SERVER_H_
