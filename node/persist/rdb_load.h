// Loading RDB files, versions 1 to 11: what Redis 2 to 7.2, Valkey 8 and we write.
//
// Engine thread only. The bytes of a file are mapped, not read: the process dies if another one
// cuts the file short meanwhile. Nothing is removed from the keyspace; what was loaded before an
// error stays, for the caller to flush. Errors: DATA_LOSS for malformed or damaged bytes, with
// the place; UNIMPLEMENTED for what only a module or a newer server can read; ALREADY_EXISTS for a
// key that is there twice.
#ifndef SLOTMESH_NODE_PERSIST_RDB_LOAD_H_
#define SLOTMESH_NODE_PERSIST_RDB_LOAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "node/keyspace/keyspace.h"
#include "node/persist/rdb_file_reader.h"
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
  // Told of each key that is there now; may be null.
  std::function<void(int database, std::string_view key)> on_key = nullptr;
  // Told of the first keys (kEmptyToldMax) that are left out because their value holds nothing.
  std::function<void(std::string_view key)> on_empty = nullptr;
};

inline constexpr uint64_t kEmptyToldMax = 10;

struct RdbLoaded {
  uint64_t keys = 0;
  // Whose time had passed: left out, or kept for the copies to hear of it. Not among the keys.
  uint64_t expired = 0;
  uint64_t empty = 0;  // Left out.
  std::vector<std::pair<std::string, std::string>> aux;
  std::vector<std::string> functions;  // Code of each library.
  size_t size = 0;                     // Of the part of the bytes that is RDB.
};

// A load in steps, between which others are served: they must leave the keyspace alone. Borrows
// all; the bytes and the settings outlive it.
class RdbLoader : private RdbFileReader::Handler {
 public:
  RdbLoader(std::string_view bytes, Keyspace& keyspace, const RdbLoadOptions& options)
      : keyspace_(keyspace),
        options_(options),
        keep_expired_(options.keep_expired),
        reader_(bytes, {options.type_settings, options.check_checksum}, *this) {}
  RdbLoader(const RdbLoader&) = delete;
  RdbLoader& operator=(const RdbLoader&) = delete;

  // Goes on for about so many bytes. True when all is done; nothing more after an error.
  absl::StatusOr<bool> Step(size_t bytes);
  // For tests: time to lose per key; negative: a microsecond per so many keys.
  void set_key_delay(int64_t micros) { key_delay_micros_ = micros; }

  size_t position() const { return reader_.position(); }
  // So far.
  RdbLoaded& loaded() { return loaded_; }

 private:
  absl::Status OnDatabase(uint64_t index) override;
  void OnAux(std::string_view name, std::string_view value) override;
  void OnFunction(std::string_view code) override;
  absl::Status OnEntry(const RdbEntryNotes& notes, Entry* entry) override;
  void OnEmpty(std::string_view key) override;
  // An entry on its way into the keyspace: its place is fetched into the cache meanwhile.
  struct Waiting {
    Entry* entry;
    RdbEntryNotes notes;
    HashedKey key;
  };
  static constexpr size_t kWaitingMax = 16;
  // A replica's keys are as they are: their time is the primary's affair.
  bool HasExpired(const Entry& entry) const {
    return !options_.keep_expired && entry.IsExpired(options_.now);
  }
  absl::Status KeepFirst();
  absl::Status KeepAll();
  absl::Status Keep(const Waiting& waiting);
  void SetAccessClock(const RdbEntryNotes& notes, Entry& entry) const;

  Keyspace& keyspace_;
  const RdbLoadOptions options_;
  bool keep_expired_;
  RdbLoaded loaded_;
  std::array<Waiting, kWaitingMax>
      waiting_;  // From first_ on, round and round. Empty between steps.
  size_t first_ = 0;
  size_t waiting_count_ = 0;
  int64_t key_delay_micros_ = 0;
  RdbFileReader reader_;
};

// DATA_LOSS if the file of that many bytes has some behind the end.
absl::Status CheckWhole(const RdbLoaded& loaded, size_t file_size);
// What the writer had in use, in bytes; 0 if the file does not say.
uint64_t MemoryOfWriter(const RdbLoaded& loaded);
// The time to lose for the key or command that is the `count`-th.
void LoseTime(int64_t key_delay_micros, uint64_t count);

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
