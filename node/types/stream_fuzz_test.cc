// Any body of a stream: refused, or a sound stream that can be read, changed and written.
#include <memory>
#include <string>

#include "node/codec/rdb_writer.h"
#include "node/types/stream.h"
#include "slots/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slotmesh::node;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const RdbType form :
       {RdbType::kStreamListpacks, RdbType::kStreamListpacks2, RdbType::kStreamListpacks3}) {
    RdbReader reader(bytes);
    const absl::StatusOr<Object*> loaded = LoadStream(form, reader, {});
    if (!loaded.ok()) continue;
    const std::unique_ptr<Stream> stream(static_cast<Stream*>(*loaded));
    stream->CheckInvariants();
    uint64_t entries = 0;
    stream->Walk({}, kStreamIdMax, /*backwards=*/true,
                 [&](const StreamBlock& block, const StreamEntry& entry) {
                   block.ForEachPair(entry, [](ListpackValue, ListpackValue) {});
                   ++entries;
                   return true;
                 });
    CHECK_EQ(entries, stream->size());
    std::string written;
    RdbWriter writer(&written);
    StreamType().Serialise(*stream, writer);
    stream->Delete(stream->first_id());
    stream->Trim({.by = StreamTrim::By::kLength, .length_max = 1});
    stream->CheckInvariants();
  }
  return 0;
}
