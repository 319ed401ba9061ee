// The list of files that an append-only file consists of: one base, increments in their order, and
// history that nobody needs any more. The text is what Redis 7 writes, a line per file:
//   file appendonly.aof.1.base.rdb seq 1 type b
//
// Value type; pure.
#ifndef SLOTMESH_NODE_PERSIST_AOF_MANIFEST_H_
#define SLOTMESH_NODE_PERSIST_AOF_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace slotmesh::node {

struct AofFile {
  std::string name;  // Without a path.
  int64_t sequence = 0;

  friend bool operator==(const AofFile&, const AofFile&) = default;
};

struct AofManifest {
  std::optional<AofFile> base;
  std::vector<AofFile> increments;  // Sequences rise.
  std::vector<AofFile> history;

  // DATA_LOSS, with the line's number, for a text that is not a manifest.
  static absl::StatusOr<AofManifest> Parse(std::string_view text);
  std::string Text() const;

  // The names that come next, as Redis chooses them: `prefix` is the directive appendfilename.
  AofFile NextBase(std::string_view prefix, bool rdb) const;
  AofFile NextIncrement(std::string_view prefix) const;

  friend bool operator==(const AofManifest&, const AofManifest&) = default;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_MANIFEST_H_
