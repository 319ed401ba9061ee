// The reply reader takes any bytes, and however they are cut, the same replies come out.
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/resp/reply_reader.h"
#include "slots/check.h"

namespace {

std::string Read(std::string_view bytes, size_t piece) {
  slotmesh::node::ReplyReader reader;
  std::string text;
  while (!bytes.empty()) {
    const std::string_view head = bytes.substr(0, piece);
    reader.Feed(head);
    bytes.remove_prefix(head.size());
    while (true) {
      const auto value = reader.Next();
      if (!value.ok()) return text + std::string(value.status().message());
      if (!value->has_value()) break;
      text += (*value)->DebugString() + "\n";
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Read(bytes, size);
  CHECK(Read(bytes, 1) == whole);
  return 0;
}
