// The words of LMPOP, ZMPOP and those of their kind that wait.
//
// Pure but for the errors that are replied.
#ifndef SLOTMESH_NODE_COMMANDS_MULTI_POP_H_
#define SLOTMESH_NODE_COMMANDS_MULTI_POP_H_

#include <cstdint>
#include <string_view>

#include "node/commands/lookup.h"

namespace slotmesh::node {

struct MultiPopRequest {
  Args keys;
  bool from_end = false;  // RIGHT, MAX.
  uint64_t count = 1;
};

// numkeys key [key ...] <begin | end> [COUNT count], from word `at` on: `begin` and `end` are what
// the command calls the two sides. False, with the error replied, if malformed.
bool ParseMultiPop(CommandContext& ctx, Args args, size_t at, std::string_view begin,
                   std::string_view end, MultiPopRequest* request);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_MULTI_POP_H_
