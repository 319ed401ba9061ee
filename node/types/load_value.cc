#include "node/types/load_value.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/module_values.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"

namespace slotmesh::node {

absl::StatusOr<Object*> LoadValue(RdbType form, RdbReader& reader, const TypeSettings& settings) {
  switch (form) {
    case RdbType::kZset:
    case RdbType::kZset2:
    case RdbType::kZsetZiplist:
    case RdbType::kZsetListpack:
      return LoadZset(form, reader, settings);
    case RdbType::kSet:
    case RdbType::kSetIntset:
    case RdbType::kSetListpack:
      return LoadSet(form, reader, settings);
    case RdbType::kHash:
    case RdbType::kHash2:
    case RdbType::kHashZipmap:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack:
      return LoadHash(form, reader, settings);
    case RdbType::kString:  // REQUIRES.
    case RdbType::kModulePreGa:
      break;
    case RdbType::kModule2:
      if (settings.module_values != nullptr) return settings.module_values->Load(reader);
      return absl::UnimplementedError("a value of a module, and no module is loaded");
    case RdbType::kList:
    case RdbType::kListZiplist:
    case RdbType::kListQuicklist:
    case RdbType::kListQuicklist2:
      return LoadList(form, reader, settings);
    case RdbType::kStreamListpacks:
    case RdbType::kStreamListpacks2:
    case RdbType::kStreamListpacks3:
      return LoadStream(form, reader, settings);
  }
  return absl::UnimplementedError(
      absl::StrCat("a value in form ", static_cast<int>(form), ", which is not known"));
}

bool LoadsInParts(RdbType form) {
  return form == RdbType::kHash || form == RdbType::kHash2 || form == RdbType::kSet ||
         form == RdbType::kZset2 || form == RdbType::kListQuicklist2 ||
         form == RdbType::kStreamListpacks2;
}

std::unique_ptr<ValueLoader> NewValueLoader(RdbType form, const TypeSettings& settings) {
  if (!LoadsInParts(form)) return nullptr;
  if (form == RdbType::kSet) return NewSetLoader(settings);
  if (form == RdbType::kZset2) return NewZsetLoader(form, settings);
  if (form == RdbType::kListQuicklist2) return NewListLoader(form, settings);
  if (form == RdbType::kStreamListpacks2) return NewStreamLoader(form);
  return NewHashLoader(form, settings);
}

}  // namespace slotmesh::node
