// Whatever a peer sends, a frame and the records in it are read or refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "node/cluster/migration/frames.h"
#include "node/cluster/migration/records.h"
#include "slots/check.h"

namespace {

void ReadAll(slotmesh::node::RecordReader& reader) {
  slotmesh::node::Record record;
  while (true) {
    const auto read = reader.Next(&record);
    if (!read.ok() || !*read) return;
    if (record.kind == slotmesh::node::RecordKind::kEffect) CHECK(!record.words.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto frame = slotmesh::node::DecodeFrame(bytes);
  if (frame.ok()) CHECK(slotmesh::node::EncodeFrame(*frame) == bytes);
  slotmesh::node::RecordReader whole;
  whole.Feed(bytes);
  ReadAll(whole);
  slotmesh::node::RecordReader pieces;
  for (const char byte : bytes) {
    pieces.Feed({&byte, 1});
    slotmesh::node::Record record;
    const auto read = pieces.Next(&record);
    if (!read.ok()) break;
  }
  return 0;
}
