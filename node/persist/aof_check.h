// Checks append-only files: one, or all that a manifest names; cuts off what is unfinished at the
// end, or what came after a point in time. What it says line by line is what redis-check-aof says.
//
// Not while a server uses the files.
#ifndef SLOTMESH_NODE_PERSIST_AOF_CHECK_H_
#define SLOTMESH_NODE_PERSIST_AOF_CHECK_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "node/types/unix_millis.h"

namespace slotmesh::node {

struct AofCheckOptions {
  bool fix = false;
  // Seconds; what is noted to be later is cut off (aof-timestamp-enabled).
  std::optional<int64_t> truncate_to;
  UnixMillis now = 0;
  // Gets lines, with their ends.
  std::function<void(const std::string&)> print;
  // Whether to do what has been printed.
  std::function<bool()> confirm;
};

// True if the files are valid, or have become so.
bool CheckAof(const std::string& path, const AofCheckOptions& options);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_CHECK_H_
