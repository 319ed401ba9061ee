#include "node/types/load_value.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace slotmesh::node {

absl::StatusOr<Object*> LoadValue(RdbType form, RdbReader&, const TypeSettings&) {
  switch (form) {
    case RdbType::kString:  // REQUIRES.
    case RdbType::kList:
    case RdbType::kListZiplist:
    case RdbType::kListQuicklist:
    case RdbType::kListQuicklist2:
    case RdbType::kSet:
    case RdbType::kSetIntset:
    case RdbType::kSetListpack:
    case RdbType::kHash:
    case RdbType::kHashZipmap:
    case RdbType::kHashZiplist:
    case RdbType::kHashListpack:
    case RdbType::kZset:
    case RdbType::kZset2:
    case RdbType::kZsetZiplist:
    case RdbType::kZsetListpack:
    case RdbType::kStreamListpacks:
    case RdbType::kStreamListpacks2:
    case RdbType::kStreamListpacks3:
    case RdbType::kModulePreGa:
    case RdbType::kModule2:
      break;
  }
  return absl::UnimplementedError(
      absl::StrCat("a value in form ", static_cast<int>(form), ", which is not known"));
}

}  // namespace slotmesh::node
