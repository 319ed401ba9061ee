// The parts of an RDB file in their order. What is left out is the checksum behind the end, which
// whoever writes the bytes adds.
//
// Version 10, as Redis 7.0 writes it; fields with an expiry of their own make a file that only
// Valkey 9 and we read. Strings stay uncompressed: RdbChunk notes those that are worth it.
#ifndef SLOTMESH_NODE_PERSIST_RDB_FILE_WRITER_H_
#define SLOTMESH_NODE_PERSIST_RDB_FILE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/codec/rdb_writer.h"
#include "node/keyspace/access_clock.h"
#include "node/persist/snapshot_writer.h"
#include "node/types/type_settings.h"

namespace slotmesh::node {

// What a file says of how its keys were used, for eviction to go on by it.
struct AccessNotes {
  enum class Kind : uint8_t { kNone, kIdle, kFrequency };
  Kind kind = Kind::kNone;
  UnixMillis now = 0;
  LfuSettings lfu;
};

// Adds what modules keep besides keys, as it is now.
void AddModuleNotes(const TypeSettings& settings, RdbNotes* notes);

class RdbFileWriter : public SnapshotWriter {
 public:
  // `part_bytes`: about as much as Part() writes at a time.
  explicit RdbFileWriter(const AccessNotes& access, size_t part_bytes)
      : access_(access), part_bytes_(part_bytes), writer_(&chunk_.bytes, &chunk_.strings) {}

  void Begin(const RdbNotes& notes) override;
  void Entry(int database, const node::Entry& entry) override;
  void End() override;
  bool Part(int database, const node::Entry& entry) override;
  // Strings in parts stay uncompressed: their packed size would have to come first.
  bool takes_parts(const node::Entry&) const override { return true; }
  void ForgetDatabase() override { database_ = -1; }

 private:
  void WriteAccess(const node::Entry& entry);
  // All but the value.
  void WriteHead(int database, const node::Entry& entry, RdbType form);
  bool StringPart(int database, const node::Entry& entry);

  const AccessNotes access_;
  const size_t part_bytes_;
  RdbWriter writer_;
  int database_ = -1;  // That the entries are in.
  // Of the entry that is written in parts; of a string `next` bytes are written.
  std::optional<SerialPlace> part_;
  std::string after_keys_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_FILE_WRITER_H_
