// The script or function that an engine runs: what it may do, what it has done, and what others
// asked of it meanwhile.
//
// Made by whoever runs the script (functions/), on its stack, and hung into Engine::script for as
// long as it runs. The dispatcher goes by it for the script's inner commands, and refuses other
// clients' commands while it is busy. Engine thread only; borrows all.
#ifndef SLOTMESH_NODE_COMMAND_SCRIPT_RUN_H_
#define SLOTMESH_NODE_COMMAND_SCRIPT_RUN_H_

#include <cstdint>
#include <string_view>

#include "node/command/client.h"
#include "node/journal/journal.h"
#include "node/resp/args.h"

namespace slotmesh::node {

struct ScriptRun {
  Client* caller = nullptr;
  bool eval = true;           // EVAL and its forms; false: a function.
  std::string_view function;  // A function's name.
  Args request;               // The words that started it.
  int64_t begin_ns = 0;       // Monotonic.

  // What it may do.
  bool read_only = false;
  bool allow_oom = false;
  bool one_slot = false;  // All its commands' keys are in one slot, `slot`.

  // What it has done.
  int slot = -1;       // Of the declared keys, else of the first key used.
  bool wrote = false;  // A write command has run: it cannot be killed any more.
  // Who hears of what its commands do from now on (redis.set_repl).
  Audience audience = Audience::kAll;
  // The wall time that TIME gives, the same throughout; 0 until it is asked for.
  int64_t wall_micros = 0;

  // Past busy-reply-threshold: other clients are served, and refused nearly everything.
  bool busy = false;
  // What they are told; empty: that a script or function runs. A module's command, too, may let
  // others be served meanwhile: it is a run then, but for that nothing else in here is its own.
  std::string_view busy_error;
  bool killed = false;  // SCRIPT KILL or FUNCTION KILL.
  // SHUTDOWN NOSAVE: it ends at once and its effects go nowhere.
  bool abandoned = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_SCRIPT_RUN_H_
