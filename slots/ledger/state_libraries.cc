// Which function libraries there are.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "slots/ledger/apply.h"

namespace slotmesh::ledger {
namespace {

// A function's name in lower case, and the library that has it.
using Owners = std::map<std::string, const std::string*>;

bool IsName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_';
  });
}

Verdict CheckDeclaration(const LibraryDeclaration& library) {
  if (!IsName(library.name) || library.digest.is_zero() || library.bytes == 0 ||
      library.functions.empty() ||
      !std::all_of(library.functions.begin(), library.functions.end(), IsName)) {
    return Refuse(Refusal::kInvalid, "the declaration of library '", library.name,
                  "' makes no sense");
  }
  if (library.bytes > kLibraryBytesMax) {
    return Refuse(Refusal::kTooMany, "Library '", library.name, "' is larger than ",
                  kLibraryBytesMax, " bytes");
  }
  return Unchanged();
}

Verdict CheckBounds(const View& view) {
  uint64_t bytes = 0;
  size_t names = 0;
  for (const LibraryRecord& library : view.libraries) {
    bytes += library.declared.bytes;
    names += library.declared.name.size();
    for (const std::string& function : library.declared.functions) names += function.size();
  }
  if (view.libraries.size() > kLibrariesMax) {
    return Refuse(Refusal::kTooMany, "The cluster would have more than ", kLibrariesMax,
                  " libraries");
  }
  if (bytes > kLibrariesBytesMax) {
    return Refuse(Refusal::kTooMany, "The cluster's libraries would be larger than ",
                  kLibrariesBytesMax, " bytes together");
  }
  if (names > kLibraryNamesBytesMax) {
    return Refuse(Refusal::kTooMany,
                  "The names of the cluster's libraries and functions would be longer than ",
                  kLibraryNamesBytesMax, " bytes together");
  }
  return Unchanged();
}

// Function names are the same in any case.
Verdict CheckFunctions(const View& view) {
  Owners owners;
  for (const LibraryRecord& library : view.libraries) {
    for (const std::string& function : library.declared.functions) {
      if (owners.emplace(absl::AsciiStrToLower(function), &library.declared.name).second) continue;
      return Refuse(Refusal::kFunctionExists, "Function ", function, " already exists");
    }
  }
  return Unchanged();
}

std::vector<LibraryRecord>::iterator PlaceOf(View& view, const std::string& name) {
  return std::lower_bound(view.libraries.begin(), view.libraries.end(), name,
                          [](const LibraryRecord& library, const std::string& wanted) {
                            return library.declared.name < wanted;
                          });
}

// In its place in the order. REQUIRES: none of the name is there.
void Insert(View& view, const LibraryDeclaration& library) {
  view.libraries.insert(PlaceOf(view, library.name), {library, view.map.version.sequence + 1});
}

Verdict Declare(View& view, const LibraryDeclaration& library, bool replace) {
  if (Verdict bad = CheckDeclaration(library); !bad.ok()) return bad;
  const auto place = PlaceOf(view, library.name);
  if (place == view.libraries.end() || place->declared.name != library.name) {
    Insert(view, library);
    return Changed();
  }
  if (!replace) {
    return Refuse(Refusal::kLibraryExists, "Library '", library.name, "' already exists");
  }
  if (place->declared == library) return Unchanged();
  *place = {library, view.map.version.sequence + 1};
  return Changed();
}

Verdict CheckAll(View& view, bool changed) {
  if (Verdict bad = CheckFunctions(view); !bad.ok()) return bad;
  if (Verdict bad = CheckBounds(view); !bad.ok()) return bad;
  if (!changed) return Unchanged();
  view.libraries_version = view.map.version.sequence + 1;
  return Changed();
}

}  // namespace

Verdict Apply(View& view, const LibrariesChanged& change) {
  bool changed = false;
  if (change.flush) {
    changed = !view.libraries.empty();
    view.libraries.clear();
  }
  for (const std::string& name : change.removed) {
    const auto place = PlaceOf(view, name);
    if (place == view.libraries.end() || place->declared.name != name) {
      return Refuse(Refusal::kUnknownLibrary, "Library not found");
    }
    view.libraries.erase(place);
    changed = true;
  }
  for (const LibraryDeclaration& library : change.declared) {
    const Verdict declared = Declare(view, library, change.replace);
    if (!declared.ok()) return declared;
    changed |= declared.changed;
  }
  return CheckAll(view, changed);
}

Verdict JoinLibraries(View& view, const std::vector<LibraryDeclaration>& libraries) {
  bool changed = false;
  for (const LibraryDeclaration& library : libraries) {
    if (Verdict bad = CheckDeclaration(library); !bad.ok()) return bad;
    const LibraryRecord* here = view.FindLibrary(library.name);
    if (here == nullptr) {
      Insert(view, library);
      changed = true;
    } else if (here->declared != library) {
      return Refuse(Refusal::kConflict, "function library '", library.name,
                    "' is another one in each cluster: FUNCTION DELETE it in one of them");
    }
  }
  Verdict verdict = CheckAll(view, changed);
  if (verdict.refusal == Refusal::kFunctionExists) {
    return Refuse(Refusal::kConflict,
                  "both clusters have function libraries of their own: ", verdict.message);
  }
  return verdict;
}

}  // namespace slotmesh::ledger
