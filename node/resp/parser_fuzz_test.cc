// The request parser takes any bytes, and however they are cut, the same requests and the same
// error come out.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "node/resp/parser.h"
#include "slots/check.h"

namespace {

using slotmesh::node::ParserLimits;
using slotmesh::node::ParseStatus;
using slotmesh::node::RequestBatch;
using slotmesh::node::RequestParser;

struct Result {
  std::vector<std::string> words;
  std::string error;
  uint64_t wire_bytes = 0;
  friend bool operator==(const Result&, const Result&) = default;
};

Result Parse(std::string_view bytes, size_t piece, const ParserLimits& limits) {
  RequestParser parser(limits);
  RequestBatch batch;
  Result result;
  bool good = true;
  while (good && !bytes.empty()) {
    const std::string_view head = bytes.substr(0, piece);
    parser.Feed(head);
    bytes.remove_prefix(head.size());
    ParseStatus status = ParseStatus::kBatchFull;
    while (status == ParseStatus::kBatchFull) {
      status = parser.Parse(&batch, 3);
      for (size_t i = 0; i < batch.size(); ++i) {
        CHECK(!batch.args(i).empty());
        for (const std::string_view word : batch.args(i)) result.words.emplace_back(word);
        result.words.emplace_back("|");
        result.wire_bytes += batch.wire_bytes(i);
      }
    }
    good = status == ParseStatus::kNeedMore;
  }
  result.error = parser.error_text();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ParserLimits limits;
  limits.authenticated = size % 2 == 0;
  limits.bulk_length = 1 << 20;
  const Result whole = Parse(bytes, size, limits);
  CHECK(Parse(bytes, 1, limits) == whole);
  CHECK(Parse(bytes, 7, limits) == whole);
  return 0;
}
