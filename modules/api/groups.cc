#include "modules/api/groups.h"

namespace slotmesh::modules {

std::vector<ApiGroup> AllGroups() {
  return {
      CallFunctions(),      CommandFunctions(),       ContextFunctions(), MemoryFunctions(),
      ReplyFunctions(),     ReplicationFunctions(),   StringFunctions(),  BlockedClientFunctions(),
      ClusterFunctions(),   CommandFilterFunctions(), ConfigFunctions(),  ForkFunctions(),
      InfoFunctions(),      NotificationFunctions(),  PromiseFunctions(), ServerEventFunctions(),
      EventLoopFunctions(), ThreadFunctions(),        TimerFunctions(),
  };
}

void AddAllParts(Modules& modules) {
  AddBlockedClientPart(modules);
  AddClusterPart(modules);
  AddCommandFilterPart(modules);
  AddConfigPart(modules);
  AddEventLoopPart(modules);
  AddForkPart(modules);
  AddInfoPart(modules);
  AddNotificationPart(modules);
  AddPromisePart(modules);
  AddServerEventPart(modules);
  AddThreadPart(modules);
  AddTimerPart(modules);
}

}  // namespace slotmesh::modules
