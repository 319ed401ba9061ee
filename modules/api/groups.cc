#include "modules/api/groups.h"

namespace slotmesh::modules {

std::vector<ApiGroup> AllGroups() {
  return {
      CallFunctions(),       ClientFunctions(),  CommandFunctions(),    ContextFunctions(),
      DictFunctions(),       HashFunctions(),    IoFunctions(),         KeyFunctions(),
      ListFunctions(),       MemoryFunctions(),  MiscFunctions(),       ReplyFunctions(),
      ReplicationFunctions(), ScanFunctions(),   ServerInfoFunctions(), StreamFunctions(),
      StringFunctions(),     TypeFunctions(),    ZsetFunctions(),
  };
}

}  // namespace slotmesh::modules
