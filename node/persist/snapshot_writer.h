// A whole keyspace on its way into the bytes of a file, in one of its forms (RDB, or the commands
// that give it): notes first, then entries, then the end, appended to chunks that the caller takes
// away.
//
// Thread-compatible; cannot fail.
#ifndef SLOTMESH_NODE_PERSIST_SNAPSHOT_WRITER_H_
#define SLOTMESH_NODE_PERSIST_SNAPSHOT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "node/codec/rdb_writer.h"
#include "node/keyspace/entry.h"

namespace slotmesh::node {

// What a file holds besides the keys.
struct RdbNotes {
  std::vector<std::pair<std::string, std::string>> aux;  // Only RDB has them.
  std::vector<std::string> functions;                    // Code of each library.
  int64_t unix_seconds = 0;                              // Only commands have it; 0: they don't.
  // What modules say there, encoded. Only RDB has it.
  std::string before_keys;
  std::string after_keys;
};

struct RdbChunk {
  std::string bytes;
  std::vector<RdbPlainString> strings;
  int64_t keys = 0;
};

class SnapshotWriter {
 public:
  SnapshotWriter() = default;
  virtual ~SnapshotWriter() = default;
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // In this order: Begin, entries, End.
  virtual void Begin(const RdbNotes& notes) = 0;
  virtual void Entry(int database, const node::Entry& entry) = 0;
  virtual void End() = 0;
  // An entry in parts, each an append of bounded size, until it says true. No other entry in
  // between. REQUIRES: takes_parts(entry).
  virtual bool Part(int database, const node::Entry& entry) { return Entry(database, entry), true; }
  virtual bool takes_parts(const node::Entry&) const { return false; }
  // Others' output has been put in between.
  virtual void ForgetDatabase() = 0;

  size_t size() const { return chunk_.bytes.size(); }
  // What has been written since the last call.
  RdbChunk Take() { return std::exchange(chunk_, RdbChunk()); }

 protected:
  RdbChunk chunk_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_SNAPSHOT_WRITER_H_
