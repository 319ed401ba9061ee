// A command that a module runs (RM_Call): by which rules, and why it was refused.
//
// Made by the caller, which gives it to Dispatcher::ExecuteForModule. A plain value.
#ifndef SLOTMESH_NODE_COMMAND_MODULE_CALL_H_
#define SLOTMESH_NODE_COMMAND_MODULE_CALL_H_

#include <cstdint>

#include "node/journal/journal.h"

namespace slotmesh::node {

struct ModuleCall {
  // Where the refusals come in the order of the checks.
  enum class Refusal : uint8_t {
    kNone = 0,
    kUnknownCommand = 1,
    kWrongArity = 2,
    kNotForScripts = 3,
    kMemory = 4,
    kWrite = 5,
    kState = 6,  // Too few replicas, a replica, a failing disk, stale data.
    kAccess = 7,
    kForeignSlot = 8,
    kClusterReadOnly = 9,
    kClusterDown = 10,
    kNobody = 11,  // It was to be a user's, and there is none.
  };

  bool script_rules = false;    // What a script may not call, and when a script may not write.
  bool respect_memory = false;  // maxmemory holds for it.
  bool no_writes = false;
  // Nothing may change the keyspace now: scripts do not run, either.
  bool no_effects = false;
  bool check_access = false;  // As the client's user.
  bool obeys_routing = true;  // False: what comes from a primary or a file goes anywhere.
  bool dry_run = false;       // Only the checks.
  Audience audience = Audience::kNobody;  // Who hears of its effects.
  bool measure_memory = false;  // On a thread of the module's own: no request has looked before.

  Refusal refusal = Refusal::kNone;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_MODULE_CALL_H_
