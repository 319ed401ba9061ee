// What SetCommandInfo says of a command, as its row shows it: COMMAND INFO, DOCS, LIST and the
// router read rows and nothing else.
//
// Engine thread only, while the module is loaded.
#ifndef SLOTMESH_MODULES_COMMAND_INFO_H_
#define SLOTMESH_MODULES_COMMAND_INFO_H_

#include "absl/status/status.h"
#include "modules/command.h"
#include "modules/sdk/abi.h"

namespace slotmesh::modules {

// Copies all that `info` says into the command's row. Arrays are read with the caller's sizes of
// entries. The row stays as it is after an error, which says what is wrong: INVALID_ARGUMENT, or
// RESOURCE_EXHAUSTED for more key specs, tips or changes than a row has room for.
absl::Status FillIn(const RedisModuleCommandInfo& info, RedisModuleCommand& command);

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_COMMAND_INFO_H_
