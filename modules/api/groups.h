// All groups of the module API. A group is a table (api_table.h) in the file of its name.
#ifndef SLOTMESH_MODULES_API_GROUPS_H_
#define SLOTMESH_MODULES_API_GROUPS_H_

#include <vector>

#include "modules/api_table.h"

namespace slotmesh::modules {

ApiGroup CallFunctions();         // RM_Call and its replies.
ApiGroup CommandFunctions();      // CreateCommand, subcommands, SetCommandInfo.
ApiGroup ContextFunctions();      // Of the calling client, the module, the server.
ApiGroup MemoryFunctions();       // Alloc and its relatives.
ApiGroup ReplicationFunctions();  // Replicate, ReplicateVerbatim.
ApiGroup ReplyFunctions();        // ReplyWith...
ApiGroup StringFunctions();

// Of all groups.
std::vector<ApiGroup> AllGroups();

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_API_GROUPS_H_
