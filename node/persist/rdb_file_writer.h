// The parts of an RDB file in their order, appended to chunks that the caller takes away: header,
// notes (AUX), libraries of functions, entries, end. What is left out is the checksum behind the
// end, which whoever writes the bytes adds.
//
// Version 10, as Redis 7.0 writes it; fields with an expiry of their own make a file that only
// Valkey 9 and we read. Thread-compatible; cannot fail. Strings stay uncompressed: RdbChunk notes
// those that are worth it.
#ifndef SLOTMESH_NODE_PERSIST_RDB_FILE_WRITER_H_
#define SLOTMESH_NODE_PERSIST_RDB_FILE_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/codec/rdb_writer.h"
#include "node/keyspace/entry.h"

namespace slotmesh::node {

struct RdbChunk {
  std::string bytes;
  std::vector<RdbPlainString> strings;
  int64_t keys = 0;
};

class RdbFileWriter {
 public:
  RdbFileWriter() : writer_(&chunk_.bytes, &chunk_.strings) {}
  RdbFileWriter(const RdbFileWriter&) = delete;
  RdbFileWriter& operator=(const RdbFileWriter&) = delete;

  // In this order: Begin, any Aux, any Function, entries, End.
  void Begin();
  void Aux(std::string_view name, std::string_view value);
  void Function(std::string_view code);
  void Entry(int database, const node::Entry& entry);
  void End();

  size_t size() const { return chunk_.bytes.size(); }
  // What has been written since the last call.
  RdbChunk Take();

 private:
  RdbChunk chunk_;
  RdbWriter writer_;
  int database_ = -1;  // That the entries are in.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_FILE_WRITER_H_
