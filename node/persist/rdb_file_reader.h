// Reads RDB files, versions 1 to 11: what Redis 2 to 7.2, Valkey 8 and we write. What becomes of
// what is read is its handler's affair: loading and checking share this.
//
// Thread-compatible. In steps, as long as the bytes are kept. Errors: DATA_LOSS for malformed or
// damaged bytes; UNIMPLEMENTED for what only a module or a newer server can read; what the handler
// gives. Their texts end with the place.
#ifndef SLOTMESH_NODE_PERSIST_RDB_FILE_READER_H_
#define SLOTMESH_NODE_PERSIST_RDB_FILE_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/codec/rdb_reader.h"
#include "node/keyspace/entry.h"
#include "node/types/type_settings.h"

namespace slotmesh::node {

// What stands before a key and its value.
struct RdbEntryNotes {
  uint64_t database = 0;
  UnixMillis expiry = kNoExpiry;
  std::optional<uint64_t> idle_seconds;
  std::optional<uint8_t> frequency;
};

class RdbFileReader {
 public:
  class Handler {
   public:
    virtual absl::Status OnDatabase(uint64_t index) = 0;
    virtual void OnAux(std::string_view name, std::string_view value) = 0;
    virtual void OnFunction(std::string_view code) = 0;
    // Takes over the entry.
    virtual absl::Status OnEntry(const RdbEntryNotes& notes, Entry* entry) = 0;
    // A key whose value holds nothing: there is no such thing, it is passed over.
    virtual void OnEmpty(std::string_view key) = 0;

   protected:
    ~Handler() = default;
  };
  struct Options {
    const TypeSettings& type_settings;
    bool check_checksum = true;
  };
  // Borrows the bytes and the handler; the settings, too.
  RdbFileReader(std::string_view bytes, const Options& options, Handler& handler)
      : bytes_(bytes), reader_(bytes), options_(options), handler_(handler) {}

  // Goes on for about so many bytes. True when the end has been read, with its checksum; nothing
  // more after an error.
  absl::StatusOr<bool> Step(size_t bytes);

  size_t position() const { return reader_.position(); }
  // At the end: the writer was told not to sum up.
  bool without_checksum() const { return without_checksum_; }

  // For reports of an error: what was being read.
  enum class Doing { kStart, kType, kNote, kKey, kValue, kChecksum };
  Doing doing() const { return doing_; }
  const std::string& key() const { return key_; }
  std::optional<RdbType> type() const { return type_; }
  // Without the place.
  const absl::Status& failure() const { return failure_; }

 private:
  enum class Part { kEntry, kOther, kEnd };

  bool Header();
  // What the byte says comes next; reads it unless it is an entry.
  std::optional<Part> Opcode(uint8_t byte);
  bool SelectDatabase();
  bool Aux();
  bool Skip(int lengths);
  bool Function();
  bool ModuleAux();
  bool Seconds();
  bool Idle();
  bool Frequency();
  bool ReadEntry(RdbType type);
  bool ReadValue(RdbType type, std::string_view key);
  bool PassOn(Entry* entry);
  bool Checksum();
  void SumUp();
  bool Refuse(absl::Status status);
  absl::Status Failure();

  const std::string_view bytes_;
  RdbReader reader_;
  const Options options_;
  Handler& handler_;
  absl::Status refused_;
  absl::Status failure_;
  int version_ = 0;
  Doing doing_ = Doing::kStart;
  RdbEntryNotes notes_;  // Of the entry to come.
  std::string key_;      // Kept when reading its value has failed.
  std::optional<RdbType> type_;
  std::string key_scratch_;
  std::string scratch_;
  uint64_t checksum_ = 0;
  size_t summed_ = 0;  // Bytes in checksum_.
  bool without_checksum_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_FILE_READER_H_
