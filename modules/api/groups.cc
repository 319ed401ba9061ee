#include "modules/api/groups.h"

namespace slotmesh::modules {

std::vector<ApiGroup> AllGroups() {
  return {
      BlockedClientFunctions(), CallFunctions(),          ClientFunctions(),
      ClusterFunctions(),       CommandFilterFunctions(), CommandFunctions(),
      ConfigFunctions(),        ContextFunctions(),       DefragFunctions(),
      DictFunctions(),          EventLoopFunctions(),     ForkFunctions(),
      HashFunctions(),          InfoFunctions(),          IoFunctions(),
      KeyFunctions(),           ListFunctions(),          MemoryFunctions(),
      MiscFunctions(),          NotificationFunctions(),  PromiseFunctions(),
      RdbStreamFunctions(),     ReplicationFunctions(),   ReplyFunctions(),
      ScanFunctions(),          ServerEventFunctions(),   ServerInfoFunctions(),
      StreamFunctions(),        StringFunctions(),        ThreadFunctions(),
      TimerFunctions(),         TypeFunctions(),          UserFunctions(),
      ZsetFunctions(),
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
  AddUserPart(modules);
}

}  // namespace slotmesh::modules
