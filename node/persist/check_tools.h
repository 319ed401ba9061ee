// The programs that check files, by the names and with the words that Redis' tools have: check-rdb,
// check-aof.
#ifndef SLOTMESH_NODE_PERSIST_CHECK_TOOLS_H_
#define SLOTMESH_NODE_PERSIST_CHECK_TOOLS_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "node/types/unix_millis.h"

namespace slotmesh::node {

enum class CheckTool { kNone, kRdb, kAof };

// By the name that a program was called by: redis-check-rdb, valkey-check-aof, ...
CheckTool CheckToolNamed(std::string_view program);

struct CheckToolEnvironment {
  UnixMillis now = 0;
  std::function<void(const std::string&)> print;
  std::function<std::string()> read_line;
};

// The exit code: 0 if all is well, else 1. `program` is what it calls itself.
int RunCheckTool(CheckTool tool, std::string_view program, const std::vector<std::string>& words,
                 const CheckToolEnvironment& environment);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_CHECK_TOOLS_H_
