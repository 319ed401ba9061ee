// A keyspace as commands that give it, for the base of an append-only file that is to be readable
// as a whole (aof-use-rdb-preamble no): SET, RPUSH, SADD, HSET, ZADD, and RESTORE for what no short
// commands give back (streams with their groups, fields that expire).
//
// What Redis 7.0 reads, but for fields that expire.
#ifndef SLOTMESH_NODE_PERSIST_COMMAND_FILE_WRITER_H_
#define SLOTMESH_NODE_PERSIST_COMMAND_FILE_WRITER_H_

#include <initializer_list>
#include <optional>
#include <string_view>

#include "node/persist/snapshot_writer.h"

namespace slotmesh::node {

class CommandFileWriter : public SnapshotWriter {
 public:
  // Elements in one command.
  static constexpr size_t kElementsMax = 64;

  // `part_bytes`: about as much as Part() writes at a time.
  explicit CommandFileWriter(size_t part_bytes) : part_bytes_(part_bytes) {}

  void Begin(const RdbNotes& notes) override;
  void Entry(int database, const node::Entry& entry) override;
  bool Part(int database, const node::Entry& entry) override;
  bool takes_parts(const node::Entry& entry) const override { return entry.is_string(); }
  void ForgetDatabase() override { database_ = -1; }
  void End() override {}

 private:
  void Command(std::initializer_list<std::string_view> words);
  void WriteHead(int database);
  void WriteValue(const node::Entry& entry);
  void WriteExpiry(const node::Entry& entry);

  const size_t part_bytes_;
  int database_ = -1;           // That the entries are in.
  std::optional<size_t> part_;  // Bytes written of the string that is written in parts.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_COMMAND_FILE_WRITER_H_
