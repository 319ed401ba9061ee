#include "functions/library_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "functions/flags.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

size_t CostOf(const Library& library) {
  size_t bytes = sizeof(Library) + library.name.size() + library.text.size();
  for (const auto& function : library.functions) {
    bytes += sizeof(Function) + function->loaded.name.size() + function->loaded.description.size();
  }
  return bytes;
}

std::string Lower(std::string_view name) { return absl::AsciiStrToLower(ToAbsl(name)); }

}  // namespace

ScriptEngine* FindEngine(std::string_view name, absl::Span<ScriptEngine* const> engines) {
  const auto found = std::find_if(engines.begin(), engines.end(), [&](const ScriptEngine* engine) {
    return EqualsIgnoreCase(engine->name(), name);
  });
  return found == engines.end() ? nullptr : *found;
}

absl::StatusOr<std::unique_ptr<Library>> CompileLibrary(std::string_view text,
                                                        absl::Span<ScriptEngine* const> engines) {
  const absl::StatusOr<LibraryHead> head = ParseLibrary(text);
  if (!head.ok()) return head.status();
  ScriptEngine* engine = FindEngine(head->engine, engines);
  if (engine == nullptr) {
    return absl::InvalidArgumentError(StrCat("Engine '", head->engine, "' not found"));
  }
  absl::StatusOr<std::vector<LoadedFunction>> loaded = engine->LoadLibrary(head->body);
  if (!loaded.ok()) return loaded.status();
  auto library = std::make_unique<Library>();
  library->name = head->name;
  library->text = std::string(text);
  library->engine = engine;
  for (LoadedFunction& function : *loaded) {
    library->functions.push_back(
        std::make_unique<Function>(Function{std::move(function), library.get()}));
  }
  return library;
}

const Library* LibraryRegistry::FindLibrary(std::string_view name) const {
  const auto found = libraries_.find(name);
  return found == libraries_.end() ? nullptr : found->second.get();
}

const Function* LibraryRegistry::FindFunction(std::string_view name) const {
  const auto exact = functions_.find(ToAbsl(name));
  if (exact != functions_.end()) return exact->second;
  const auto found = functions_.find(Lower(name));
  return found == functions_.end() ? nullptr : found->second;
}

absl::Status LibraryRegistry::Check(const Library& library, bool replace,
                                    const LibraryRegistry* others) const {
  if (!replace && FindLibrary(library.name) != nullptr) {
    return absl::AlreadyExistsError(StrCat("Library '", library.name, "' already exists"));
  }
  for (const auto& function : library.functions) {
    const Function* taken = FindFunction(function->loaded.name);
    if (taken == nullptr || taken->library->name == library.name) continue;
    // Its library is replaced as well.
    if (replace && others != nullptr && others->FindLibrary(taken->library->name) != nullptr) {
      continue;
    }
    return absl::AlreadyExistsError(StrCat("Function ", function->loaded.name, " already exists"));
  }
  return absl::OkStatus();
}

absl::Status LibraryRegistry::Add(std::unique_ptr<Library> library, bool replace) {
  const absl::Status status = Check(*library, replace, nullptr);
  if (!status.ok()) return status;
  Remove(library->name);
  Insert(std::move(library));
  return absl::OkStatus();
}

absl::Status LibraryRegistry::CanAddAll(const LibraryRegistry& others, bool replace) const {
  for (const auto& [name, library] : others.libraries_) {
    if (!replace && FindLibrary(name) != nullptr) {
      return absl::AlreadyExistsError(StrCat("Library ", name, " already exists"));
    }
    const absl::Status status = Check(*library, replace, &others);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status LibraryRegistry::AddAll(LibraryRegistry other, bool replace) {
  const absl::Status status = CanAddAll(other, replace);
  if (!status.ok()) return status;
  for (const auto& [name, library] : other.libraries_) Remove(name);
  for (auto& [name, library] : other.libraries_) Insert(std::move(library));
  return absl::OkStatus();
}

void LibraryRegistry::Insert(std::unique_ptr<Library> library) {
  memory_bytes_ += CostOf(*library);
  for (const auto& function : library->functions) {
    functions_.emplace(Lower(function->loaded.name), function.get());
  }
  std::string name = library->name;
  libraries_.emplace(std::move(name), std::move(library));
}

std::unique_ptr<Library> LibraryRegistry::Take(std::string_view name) {
  const auto found = libraries_.find(name);
  if (found == libraries_.end()) return nullptr;
  for (const auto& function : found->second->functions) {
    functions_.erase(Lower(function->loaded.name));
  }
  memory_bytes_ -= CostOf(*found->second);
  std::unique_ptr<Library> library = std::move(found->second);
  libraries_.erase(found);
  return library;
}

bool LibraryRegistry::Remove(std::string_view name) { return Take(name) != nullptr; }

}  // namespace slotmesh::functions
