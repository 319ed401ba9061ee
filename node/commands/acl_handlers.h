// The handlers of acl_rows.cc.
#ifndef SLOTMESH_NODE_COMMANDS_ACL_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_ACL_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// acl_users.cc
void AclDelUser(CommandContext& ctx, Args args);
void AclGetUser(CommandContext& ctx, Args args);
void AclList(CommandContext& ctx, Args args);
void AclLoad(CommandContext& ctx, Args args);
void AclSave(CommandContext& ctx, Args args);
void AclSetUser(CommandContext& ctx, Args args);
void AclUserNames(CommandContext& ctx, Args args);
void AclWhoAmI(CommandContext& ctx, Args args);

// acl_questions.cc
void AclCat(CommandContext& ctx, Args args);
void AclDryRun(CommandContext& ctx, Args args);
void AclGenPass(CommandContext& ctx, Args args);
void AclHelp(CommandContext& ctx, Args args);
void AclShowLog(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_ACL_HANDLERS_H_
