// Checks an RDB file without building a keyspace: every value is read, one at a time, and the
// checksum. What it says line by line is what redis-check-rdb says, for the tools that read that.
//
// Thread-compatible.
#ifndef SLOTMESH_NODE_PERSIST_RDB_CHECK_H_
#define SLOTMESH_NODE_PERSIST_RDB_CHECK_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "node/types/unix_millis.h"

namespace slotmesh::node {

struct RdbChecked {
  bool well = false;
  size_t size = 0;  // Of the part that is RDB.
};

// `print` gets lines, with their ends. Bytes behind the end are wrong unless `may_go_on`.
RdbChecked CheckRdb(std::string_view bytes, const std::string& name, UnixMillis now, bool may_go_on,
                    const std::function<void(const std::string&)>& print);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_CHECK_H_
