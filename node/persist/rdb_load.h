// Loading RDB files, versions 1 to 11: what Redis 2 to 7.2, Valkey 8 and we write.
//
// Engine thread only. The bytes of a file are mapped, not read: the process dies if another one
// cuts the file short meanwhile. Nothing is removed from the keyspace; what was loaded before an
// error stays, for the caller to flush. Errors: DATA_LOSS for malformed or damaged bytes, with
// the place; UNIMPLEMENTED for what only a module or a newer server can read; ALREADY_EXISTS for a
// key that is there twice.
#ifndef SLOTMESH_NODE_PERSIST_RDB_LOAD_H_
#define SLOTMESH_NODE_PERSIST_RDB_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "node/keyspace/keyspace.h"
#include "node/types/type_settings.h"

namespace slotmesh::node {

struct RdbLoadOptions {
  const TypeSettings& type_settings;
  // Keys whose time has passed by then are left out, unless this copies a primary's file.
  UnixMillis now = 0;
  bool keep_expired = false;
  // The same where the file has this note: there may be copies, which must hear of it.
  std::string_view keep_expired_with;
  bool check_checksum = true;
  // A key that is there already is replaced instead of being an error.
  bool replace = false;
};

struct RdbLoaded {
  uint64_t keys = 0;
  uint64_t expired = 0;  // Left out.
  std::vector<std::pair<std::string, std::string>> aux;
  std::vector<std::string> functions;  // Code of each library.
  size_t size = 0;                     // Of the part of the bytes that is RDB.
};

// `progress` is called every few megabytes with the bytes done.
absl::StatusOr<RdbLoaded> LoadRdb(std::string_view bytes, Keyspace& keyspace,
                                  const RdbLoadOptions& options,
                                  absl::FunctionRef<void(size_t)> progress);
// NOT_FOUND if there is no such file.
absl::StatusOr<RdbLoaded> LoadRdbFile(const std::string& path, Keyspace& keyspace,
                                      const RdbLoadOptions& options,
                                      absl::FunctionRef<void(size_t)> progress);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_LOAD_H_
