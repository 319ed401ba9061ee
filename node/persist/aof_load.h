// Loading an append-only file: its base, which may be an RDB file, and its increments, by running
// their commands.
//
// Engine thread only. A transaction runs when its EXEC has been read; one that is cut short has no
// effect. What was loaded before an error stays, for the caller to end the process.
#ifndef SLOTMESH_NODE_PERSIST_AOF_LOAD_H_
#define SLOTMESH_NODE_PERSIST_AOF_LOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "node/command/dispatcher.h"
#include "node/command/engine.h"
#include "node/persist/aof_manifest.h"
#include "node/persist/function_texts.h"

namespace slotmesh::node {

struct AofLoadOptions {
  std::string directory;
  // The last file may end within a command: what is there of it is cut off (aof-load-truncated).
  bool mend_tail = true;
};

struct AofLoaded {
  uint64_t commands = 0;
  uint64_t bytes = 0;       // Of all files.
  uint64_t base_bytes = 0;  // Of the base.
  uint64_t bytes_cut = 0;   // From the last file's tail.
};

// Errors name the file and the place. DATA_LOSS for damage, INVALID_ARGUMENT for a command that
// this server does not know or refuses.
absl::StatusOr<AofLoaded> LoadAof(const AofManifest& manifest, const AofLoadOptions& options,
                                  Engine& engine, Dispatcher& dispatcher, FunctionTexts& functions);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_LOAD_H_
