// All groups of the module API, and the parts (modules.h) in which some of them keep what lasts. A
// group is a table (api_table.h) in the file of its name.
#ifndef SLOTMESH_MODULES_API_GROUPS_H_
#define SLOTMESH_MODULES_API_GROUPS_H_

#include <cstdint>
#include <vector>

#include "modules/api_table.h"

namespace slotmesh::modules {

class Modules;

ApiGroup BlockedClientFunctions();
ApiGroup CallFunctions();  // RM_Call and its replies.
ApiGroup ClientFunctions();
ApiGroup ClusterFunctions();
ApiGroup CommandFilterFunctions();
ApiGroup CommandFunctions();  // CreateCommand, subcommands, SetCommandInfo.
ApiGroup ConfigFunctions();
ApiGroup ContextFunctions();  // Of the calling client, the module, the server.
ApiGroup DefragFunctions();
ApiGroup DictFunctions();
ApiGroup EventLoopFunctions();  // Descriptors, work for the next turn.
ApiGroup ForkFunctions();
ApiGroup HashFunctions();
ApiGroup InfoFunctions();
ApiGroup IoFunctions();   // Values in files and payloads.
ApiGroup KeyFunctions();  // Opening keys, their life, strings, the database.
ApiGroup ListFunctions();
ApiGroup MemoryFunctions();  // Alloc and its relatives.
ApiGroup MiscFunctions();
ApiGroup NotificationFunctions();
ApiGroup PromiseFunctions();
ApiGroup RdbStreamFunctions();
ApiGroup ReplicationFunctions();  // Replicate, ReplicateVerbatim.
ApiGroup ReplyFunctions();        // ReplyWith...
ApiGroup ScanFunctions();
ApiGroup ServerEventFunctions();
ApiGroup ServerInfoFunctions();
ApiGroup StreamFunctions();
ApiGroup StringFunctions();
ApiGroup ThreadFunctions();  // Contexts of modules' threads, and the lock.
ApiGroup TimerFunctions();
ApiGroup TypeFunctions();  // Data types.
ApiGroup UserFunctions();
ApiGroup ZsetFunctions();

// Of all groups.
std::vector<ApiGroup> AllGroups();

// Each adds the part of its group.
void AddBlockedClientPart(Modules& modules);
void AddClusterPart(Modules& modules);
void AddCommandFilterPart(Modules& modules);
void AddConfigPart(Modules& modules);
void AddEventLoopPart(Modules& modules);
void AddForkPart(Modules& modules);
void AddInfoPart(Modules& modules);
void AddNotificationPart(Modules& modules);
void AddPromisePart(Modules& modules);
void AddServerEventPart(Modules& modules);
void AddThreadPart(Modules& modules);
void AddTimerPart(Modules& modules);
void AddUserPart(Modules& modules);
void AddAllParts(Modules& modules);

// The client has another user now, or none: the module that set its user is told.
void TellUserChange(Modules& modules, uint64_t client_id);

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_API_GROUPS_H_
