#include "modules/api/groups.h"

namespace slotmesh::modules {

std::vector<ApiGroup> AllGroups() {
  return {
      CallFunctions(),      CommandFunctions(),     ContextFunctions(), MemoryFunctions(),
      ReplyFunctions(),     ReplicationFunctions(), StringFunctions(),  BlockedClientFunctions(),
      EventLoopFunctions(), ThreadFunctions(),      TimerFunctions(),
  };
}

void AddAllParts(Modules& modules) {
  AddBlockedClientPart(modules);
  AddEventLoopPart(modules);
  AddThreadPart(modules);
  AddTimerPart(modules);
}

}  // namespace slotmesh::modules
