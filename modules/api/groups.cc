#include "modules/api/groups.h"

namespace slotmesh::modules {

std::vector<ApiGroup> AllGroups() {
  return {
      CallFunctions(),   CommandFunctions(),     ContextFunctions(), MemoryFunctions(),
      ReplyFunctions(),  ReplicationFunctions(), StringFunctions(),
  };
}

}  // namespace slotmesh::modules
