// The texts with which a script's inner commands are refused; each is a whole wire error.
//
// Constants and pure functions; safe from any thread.
#ifndef SLOTMESH_NODE_COMMAND_SCRIPT_ERRORS_H_
#define SLOTMESH_NODE_COMMAND_SCRIPT_ERRORS_H_

#include <string>
#include <string_view>

#include "slots/router.h"

namespace slotmesh::node::errors {

inline constexpr std::string_view kScriptUnknownCommand = "ERR Unknown command called from script";
inline constexpr std::string_view kScriptWrongArity =
    "ERR Wrong number of args calling command from script";
inline constexpr std::string_view kNotFromScript = "ERR This command is not allowed from script";
inline constexpr std::string_view kScriptStale =
    "ERR Can not execute the command on a stale replica";
inline constexpr std::string_view kScriptReadOnly =
    "ERR Write commands are not allowed from read-only scripts.";
inline constexpr std::string_view kScriptOtherSlot =
    "ERR Script attempted to access keys that do not hash to the same slot";
inline constexpr std::string_view kScriptSlotNotServed =
    "ERR Script attempted to access a slot not served";
inline constexpr std::string_view kScriptClusterDown =
    "ERR Script attempted to execute a command while the cluster is down";

// What other clients hear while a script is busy.
inline constexpr std::string_view kBusyFunction =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";

// Why a script's command is not served here, by the outcome of its routing. `full_name` as in
// Command. REQUIRES: outcome is not kServe.
std::string ScriptRouteError(slots::RouteOutcome outcome, std::string_view full_name);

}  // namespace slotmesh::node::errors

#endif  // SLOTMESH_NODE_COMMAND_SCRIPT_ERRORS_H_
