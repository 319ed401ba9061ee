// Payloads of FUNCTION RESTORE: any bytes with a right footer.
#include <cstddef>
#include <cstdint>
#include <string>

#include "functions/library_dump.h"
#include "node/codec/dump.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string payload(reinterpret_cast<const char*>(data), size);
  (void)slotmesh::functions::ReadLibraries(payload);
  slotmesh::node::SealDump(&payload);
  (void)slotmesh::functions::ReadLibraries(payload);
  return 0;
}
