// Any bytes as a value's body and as a DUMP payload: a value or a Status. A string that loads is
// the same after dumping it again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/codec/dump.h"
#include "node/codec/rdb_reader.h"
#include "slots/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slotmesh::node;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)OpenDump(bytes).ok();

  // A valid footer behind the bytes, so that mutations reach the body.
  std::string payload(1, '\0');
  payload.append(bytes);
  SealDump(&payload);
  const absl::StatusOr<DumpedValue> opened = OpenDump(payload);
  CHECK(opened.ok());
  CHECK(opened->body == bytes);
  const absl::StatusOr<std::string> value = LoadString(*opened);
  if (value.ok()) {
    const std::string again = DumpString(*value);
    CHECK(LoadString(*OpenDump(again)).value() == *value);
  }

  RdbReader reader(bytes);
  std::string scratch;
  std::string_view string;
  uint64_t length;
  double number;
  while (reader.String(&string, &scratch) && reader.Length(&length) &&
         reader.BinaryDouble(&number)) {
    CHECK(reader.position() <= size);
  }
  CHECK(!reader.status().ok());
  return 0;
}
