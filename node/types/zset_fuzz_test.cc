// Any bytes as a sorted set's body, in each of its forms: a sorted set that is in order and the
// same after writing and reading it again, or a Status.
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/codec/rdb_writer.h"
#include "node/types/zset.h"
#include "slots/check.h"

namespace {

using namespace slotmesh::node;

void LoadOne(RdbType form, std::string_view body, const TypeSettings& settings) {
  RdbReader reader(body);
  const absl::StatusOr<Object*> loaded = LoadZset(form, reader, settings);
  if (!loaded.ok()) return;
  const Zset& zset = Zset::Of(**loaded);
  CHECK(zset.size() > 0);
  zset.CheckInvariants();
  std::string bytes;
  RdbWriter writer(&bytes);
  ZsetType().Serialise(**loaded, writer);
  RdbReader again(bytes);
  const absl::StatusOr<Object*> second = LoadZset(ZsetType().RdbTypeOf(**loaded), again, settings);
  CHECK(second.ok());
  CHECK_EQ(Zset::Of(**second).size(), zset.size());
  ZsetType().Free(*loaded);
  ZsetType().Free(*second);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  TypeSettings settings;
  for (const RdbType form :
       {RdbType::kZset, RdbType::kZset2, RdbType::kZsetZiplist, RdbType::kZsetListpack}) {
    for (const uint64_t entries : {128, 2}) {
      settings.zset_max_listpack_entries = entries;
      LoadOne(form, body, settings);
    }
  }
  return 0;
}
