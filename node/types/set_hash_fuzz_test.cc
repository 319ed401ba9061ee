// Any bytes as the body of a set or hash, in any form: a value that is sound and comes back the
// same after writing and loading, or a Status.
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/codec/rdb_writer.h"
#include "node/types/hash.h"
#include "node/types/set.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

absl::StatusOr<Object*> Load(RdbType form, std::string_view bytes, const TypeSettings& settings) {
  RdbReader reader(bytes);
  switch (form) {
    case RdbType::kSet:
    case RdbType::kSetIntset:
    case RdbType::kSetListpack:
      return LoadSet(form, reader, settings);
    default:
      return LoadHash(form, reader, settings);
  }
}

void CheckAndFree(Object* object) {
  if (object->type->kind() == ValueKind::kSet) {
    static_cast<Set*>(object)->CheckInvariants();
  } else {
    static_cast<Hash*>(object)->CheckInvariants();
  }
  object->type->Free(object);
}

void TryForm(RdbType form, std::string_view bytes) {
  TypeSettings settings;
  settings.sanitize = true;
  settings.set_max_intset_entries = 8;
  settings.set_max_listpack_entries = 8;
  settings.hash_max_listpack_entries = 8;
  const absl::StatusOr<Object*> loaded = Load(form, bytes, settings);
  if (!loaded.ok()) return;
  std::string body;
  RdbWriter writer(&body);
  (*loaded)->type->Serialise(**loaded, writer);
  const absl::StatusOr<Object*> again = Load((*loaded)->type->RdbTypeOf(**loaded), body, settings);
  CHECK(again.ok());
  CheckAndFree(*again);
  CheckAndFree(*loaded);
}

}  // namespace
}  // namespace slotmesh::node

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace slotmesh::node;
  constexpr RdbType kForms[] = {RdbType::kSet,         RdbType::kSetIntset,   RdbType::kSetListpack,
                                RdbType::kHash,        RdbType::kHash2,       RdbType::kHashZipmap,
                                RdbType::kHashZiplist, RdbType::kHashListpack};
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  TryForm(kForms[data[0] % std::size(kForms)], bytes);
  // As one string, so that mutations reach the inside.
  std::string wrapped;
  RdbWriter writer(&wrapped, /*compress=*/false);
  writer.String(bytes);
  TryForm(kForms[data[0] % std::size(kForms)], wrapped);
  return 0;
}
