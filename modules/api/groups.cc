#include "modules/api/groups.h"

namespace slotmesh::modules {

std::vector<ApiGroup> AllGroups() {
  return {
      CallFunctions(),       ClientFunctions(),    CommandFunctions(),     ContextFunctions(),
      DefragFunctions(),     DictFunctions(),      HashFunctions(),        IoFunctions(),
      KeyFunctions(),        ListFunctions(),      MemoryFunctions(),      MiscFunctions(),
      ReplyFunctions(),      RdbStreamFunctions(), ReplicationFunctions(), ScanFunctions(),
      ServerInfoFunctions(), StreamFunctions(),    StringFunctions(),      TypeFunctions(),
      ZsetFunctions(),
  };
}

}  // namespace slotmesh::modules
