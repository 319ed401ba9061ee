#include "node/command/script_errors.h"

#include "slots/strings.h"

namespace slotmesh::node::errors {

std::string ScriptRouteError(slots::RouteOutcome outcome, std::string_view full_name) {
  switch (outcome) {
    case slots::RouteOutcome::kServe:
      break;
    case slots::RouteOutcome::kCrossSlot:
      return StrCat("ERR Command '", full_name,
                    "' in script attempted to access keys that don't hash to the same slot");
    case slots::RouteOutcome::kUnserved:
      return std::string(kScriptSlotNotServed);
    case slots::RouteOutcome::kTryAgain:
      return StrCat("ERR Unable to execute command '", full_name,
                    "' in script because undeclared keys were accessed during rehashing of the "
                    "slot");
    case slots::RouteOutcome::kDown:
      return std::string(kScriptClusterDown);
    case slots::RouteOutcome::kDownReadsOnly:
      return "ERR Script attempted to execute a write command while the cluster is down and "
             "readonly";
    case slots::RouteOutcome::kAsk:
    case slots::RouteOutcome::kMoved:
      return "ERR Script attempted to access a non local key in a cluster node";
  }
  return "ERR";
}

}  // namespace slotmesh::node::errors
