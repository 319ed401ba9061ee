// What clients are told of a command's row: names of flags, and the reply of COMMAND
// INFO.
//
// Pure functions of rows; safe from any thread.
#ifndef SLOTMESH_NODE_COMMAND_COMMAND_INFO_H_
#define SLOTMESH_NODE_COMMAND_COMMAND_INFO_H_

#include <string_view>
#include <vector>

#include "node/command/acl_categories.h"
#include "node/command/command_spec.h"
#include "node/command/registry.h"
#include "node/resp/reply.h"
#include "slots/key_spec.h"

namespace slotmesh::node {

// As COMMAND INFO shows them, in its order: "write", "denyoom", ... Routing's own flags have no
// name; "movablekeys" follows from the key specs.
std::vector<std::string_view> FlagNames(const CommandSpec& row);

// "RW", "access", ...: as COMMAND INFO and GETKEYSANDFLAGS show them.
std::vector<std::string_view> KeyFlagNames(slots::KeyFlag flags);

// The array of ten that COMMAND and COMMAND INFO give for a command, with its subcommands.
void ReplyCommandInfo(const Command& command, const AclCategories& categories, Reply& reply);

// A set of simple strings, each behind `prefix`.
void ReplyNames(Reply& reply, const std::vector<std::string_view>& names,
                std::string_view prefix = "");

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_COMMAND_INFO_H_
