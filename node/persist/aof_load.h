// Loading an append-only file: its base, which may be an RDB file, and its increments, by running
// their commands.
//
// Engine thread only. A transaction runs when its EXEC has been read; one that is cut short has no
// effect. What was loaded before an error stays, for the caller to end the process.
#ifndef SLOTMESH_NODE_PERSIST_AOF_LOAD_H_
#define SLOTMESH_NODE_PERSIST_AOF_LOAD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "node/command/client.h"
#include "node/command/dispatcher.h"
#include "node/command/engine.h"
#include "node/persist/aof_commands.h"
#include "node/persist/aof_manifest.h"
#include "node/persist/function_texts.h"
#include "node/persist/mapped_file.h"
#include "node/persist/rdb_load.h"

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

// In steps, between which others are served: they must leave the keyspace alone, which keeps what
// has expired as long as this lives. Borrows engine, dispatcher and functions. Errors name the file
// and the place. DATA_LOSS for damage, INVALID_ARGUMENT for a command that this server does not
// know or refuses.
class AofLoader {
 public:
  AofLoader(AofManifest manifest, AofLoadOptions options, Engine& engine, Dispatcher& dispatcher,
            FunctionTexts& functions);
  ~AofLoader();
  AofLoader(const AofLoader&) = delete;
  AofLoader& operator=(const AofLoader&) = delete;

  // First of all: UNAVAILABLE or NOT_FOUND for a file that cannot be read.
  absl::Status Open();
  // Goes on for about so many bytes. True when all is done; nothing more after an error.
  absl::StatusOr<bool> Step(size_t bytes);

  const AofManifest& manifest() const { return manifest_; }
  uint64_t total_bytes() const { return total_bytes_; }
  uint64_t loaded_bytes() const;
  // That the base's writer had in use; 0: not known.
  uint64_t memory_of_writer() const { return memory_of_writer_; }
  // What comes next is RDB.
  bool in_preamble() const { return rdb_ != nullptr; }
  const AofLoaded& loaded() const { return loaded_; }

 private:
  struct File {
    std::string path;
    std::optional<MappedFile> mapped;  // Until it is loaded.
    size_t size = 0;
  };

  bool in_last() const { return next_ + 1 == files_.size(); }
  void BeginFile();
  void EndFile();
  absl::StatusOr<bool> StepBase(size_t bytes);
  absl::StatusOr<bool> StepCommands(size_t bytes);
  absl::StatusOr<bool> EndOfCommands(bool cut_short);
  absl::Status Take(const std::vector<std::string_view>& words);
  absl::Status Run(absl::Span<const std::string_view> words);
  absl::Status CutTail(const std::string& path, size_t size, size_t position);

  const AofManifest manifest_;
  const AofLoadOptions options_;
  Engine& engine_;
  Dispatcher& dispatcher_;
  FunctionTexts& functions_;
  const ExpiryMode expiry_mode_;  // To be restored.
  std::vector<File> files_;
  uint64_t total_bytes_ = 0;
  uint64_t memory_of_writer_ = 0;
  size_t next_ = 0;                        // Of files_: the one that is being loaded.
  std::unique_ptr<RdbLoader> rdb_;         // Its part that is RDB, until that is loaded.
  std::unique_ptr<AofCommands> commands_;  // What follows.
  size_t complete_ = 0;                    // Behind the last command that took effect.
  Client client_{0, nullptr};
  AofLoaded loaded_;
  std::vector<std::string_view> words_;
  // Of a transaction whose EXEC is still to come: MULTI first.
  std::vector<std::vector<std::string_view>> transaction_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_LOAD_H_
