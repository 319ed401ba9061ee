#include "functions/cluster_libraries.h"

#include <algorithm>

#include "node/journal/journal.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

ledger::LibraryDeclaration Declare(const Library& library) {
  ledger::LibraryDeclaration declaration;
  declaration.name = library.name;
  declaration.digest = node::LibraryDigestOf(library.text);
  declaration.bytes = library.text.size();
  for (const auto& function : library.functions) {
    declaration.functions.push_back(function->loaded.name);
  }
  return declaration;
}

// The bounds that texts must keep to travel; the ledger looks at all of them together.
absl::Status CheckSizes(const std::vector<ledger::LibraryDeclaration>& libraries) {
  uint64_t bytes = 0;
  for (const ledger::LibraryDeclaration& library : libraries) {
    bytes += library.bytes;
    if (library.bytes <= ledger::kLibraryBytesMax) continue;
    return absl::InvalidArgumentError(StrCat("ERR Library '", library.name,
                                             "' is too large for a cluster's: ", library.bytes,
                                             " bytes, at most ", ledger::kLibraryBytesMax));
  }
  if (bytes <= ledger::kLibrariesBytesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat("ERR The libraries are too large for a cluster's: ",
                                           bytes, " bytes, at most ", ledger::kLibrariesBytesMax));
}

}  // namespace

ClusterLibraries::ClusterLibraries(Functions& functions, node::ClusterState& state)
    : functions_(functions),
      state_(state),
      engine_(functions.host().engine),
      log_(functions.host().log) {}

// --- What clients want.

void ClusterLibraries::Propose(ledger::LibrariesChanged change, Prepared libraries, Done done) {
  for (const auto& [name, library] : libraries) change.declared.push_back(Declare(*library));
  const absl::Status sizes = CheckSizes(change.declared);
  if (!sizes.ok()) return done(sizes);
  std::vector<node::LibraryText> texts;
  for (size_t i = 0; i < libraries.size(); ++i) {
    std::unique_ptr<Library>& library = libraries[i].second;
    texts.push_back(std::make_shared<const std::string>(library->text));
    prepared_[change.declared[i].digest] = std::move(library);
  }
  ++proposals_;
  state_.link().ChangeLibraries(
      std::move(change), std::move(texts),
      [this, done = std::move(done)](const absl::Status& status) { Decided(status, done); });
}

void ClusterLibraries::Decided(const absl::Status& status, const Done& done) {
  Follow();
  if (--proposals_ == 0) prepared_.clear();
  if (engine_.script == nullptr) return done(status);
  waiting_.emplace_back(status, done);
}

void ClusterLibraries::FinishWaiting() {
  for (const auto& [status, done] : std::exchange(waiting_, {})) done(status);
}

void ClusterLibraries::LoadText(std::string_view text, bool replace, Done done) {
  absl::StatusOr<std::unique_ptr<Library>> library = functions_.Prepare(text, replace);
  if (library.ok()) return Load(*std::move(library), replace, std::move(done));
  done(absl::Status(library.status().code(), StrCat("ERR ", library.status().message())));
}

void ClusterLibraries::Load(std::unique_ptr<Library> library, bool replace, Done done) {
  Prepared libraries;
  libraries.emplace_back(library->name, std::move(library));
  Propose({.replace = replace}, std::move(libraries), std::move(done));
}

void ClusterLibraries::Restore(LibraryRegistry libraries, RestorePolicy policy, Done done) {
  Prepared prepared;
  while (!libraries.libraries().empty()) {
    std::unique_ptr<Library> library = libraries.Take(libraries.libraries().begin()->first);
    prepared.emplace_back(library->name, std::move(library));
  }
  ledger::LibrariesChanged change;
  change.flush = policy == RestorePolicy::kFlush;
  change.replace = policy == RestorePolicy::kReplace;
  Propose(std::move(change), std::move(prepared), std::move(done));
}

void ClusterLibraries::Delete(std::string name, Done done) {
  Propose({.removed = {std::move(name)}}, {}, std::move(done));
}

void ClusterLibraries::Flush(Done done) { Propose({.flush = true}, {}, std::move(done)); }

// --- What the cluster has decided.

void ClusterLibraries::TakeStock() {
  loaded_.clear();
  for (const auto& [name, library] : functions_.libraries().libraries()) {
    loaded_.emplace(name, node::LibraryDigestOf(library->text));
  }
  seen_changes_ = functions_.library_changes();
}

// True while the cluster, which is this node alone and never heard of libraries, is asked to take
// those of the files.
bool ClusterLibraries::Adopt(const ledger::View& view) {
  if (adopting_) return true;
  if (started_) return false;
  started_ = true;
  TakeStock();
  const bool alone = view.members.size() == 1 && view.members[0].node == state_.self_id();
  if (loaded_.empty() || !alone || view.libraries_version != 0) return false;
  ledger::LibrariesChanged change{.replace = true};
  std::vector<node::LibraryText> texts;
  for (const auto& [name, library] : functions_.libraries().libraries()) {
    change.declared.push_back(Declare(*library));
    texts.push_back(std::make_shared<const std::string>(library->text));
  }
  const absl::Status sizes = CheckSizes(change.declared);
  if (!sizes.ok()) {
    log_.Warning(StrCat("The function libraries of this node's files are given up: ",
                        ToStd(sizes.message())));
    return false;
  }
  adopting_ = true;
  state_.link().ChangeLibraries(
      std::move(change), std::move(texts), [this](const absl::Status& status) {
        adopting_ = false;
        if (!status.ok()) {
          log_.Warning(StrCat("The function libraries of this node's files are given up: ",
                              ToStd(status.message())));
        }
        Follow();
      });
  return true;
}

void ClusterLibraries::Follow() {
  if (engine_.script != nullptr) return;
  const std::shared_ptr<const ledger::View>& view = state_.picture().decided;
  // Before this node is somebody's member nothing is known.
  if (view->members.empty() || Adopt(*view)) return;
  if (functions_.library_changes() != seen_changes_) {
    TakeStock();  // A file was loaded: a full copy of the primary's data, say.
    followed_ = nullptr;
  }
  if (view == followed_ && state_.picture().libraries == texts_) return;
  followed_ = view;
  texts_ = state_.picture().libraries;
  RemoveUndeclared(*view);
  AddDeclared(*view, *texts_);
  seen_changes_ = functions_.library_changes();
}

void ClusterLibraries::Tick() {
  const bool due = std::any_of(failures_.begin(), failures_.end(), [this](const auto& failure) {
    return engine_.now_ms >= failure.second.retry_ms;
  });
  if (due) followed_ = nullptr;
  Follow();
  if (engine_.script == nullptr) FinishWaiting();
}

void ClusterLibraries::RemoveUndeclared(const ledger::View& view) {
  std::vector<std::string> gone;
  for (const auto& [name, digest] : loaded_) {
    if (view.FindLibrary(name) == nullptr) gone.push_back(name);
  }
  if (gone.empty()) return;
  log_.Notice(StrCat("Function libraries that the cluster has not: ", gone.size(),
                     " removed, the first is '", gone.front(), "'"));
  if (gone.size() < loaded_.size()) {
    for (const std::string& name : gone) Remove(name);
    return;
  }
  functions_.FlushLibraries();
  loaded_.clear();
  Journal({"FUNCTION", "FLUSH"});
}

std::unique_ptr<Library> ClusterLibraries::Compile(const ledger::LibraryRecord& record,
                                                   const std::string& text) {
  const slots::LibraryDigest& digest = record.declared.digest;
  if (const auto prepared = prepared_.find(digest); prepared != prepared_.end()) {
    std::unique_ptr<Library> library = std::move(prepared->second);
    prepared_.erase(prepared);
    if (library != nullptr) return library;
  }
  const auto failed = failures_.find(digest);
  if (failed != failures_.end() && engine_.now_ms < failed->second.retry_ms) return nullptr;
  absl::StatusOr<std::unique_ptr<Library>> library =
      CompileLibrary(text, functions_.library_engines());
  if (library.ok()) return *std::move(library);
  const std::string why(ToStd(library.status().message()));
  log_.Warning(StrCat("Function library '", record.declared.name,
                      "' of the cluster cannot be loaded here: ", why));
  failures_[digest] = {why, engine_.now_ms + absl::ToInt64Milliseconds(kRetry)};
  return nullptr;
}

void ClusterLibraries::AddDeclared(const ledger::View& view, const node::LibraryTexts& texts) {
  std::vector<std::pair<slots::LibraryDigest, std::unique_ptr<Library>>> fresh;
  std::map<slots::LibraryDigest, Failure> failures;
  for (const ledger::LibraryRecord& record : view.libraries) {
    const slots::LibraryDigest& digest = record.declared.digest;
    const auto loaded = loaded_.find(record.declared.name);
    if (loaded != loaded_.end() && loaded->second == digest) continue;
    const auto text = texts.find(digest);
    if (text == texts.end()) continue;
    std::unique_ptr<Library> library = Compile(record, *text->second);
    if (library != nullptr) {
      fresh.emplace_back(digest, std::move(library));
    } else if (failures_.contains(digest)) {
      failures.insert(*failures_.find(digest));
    }
  }
  failures_ = std::move(failures);
  // Their old texts first, so that a function may go from one library to another.
  for (const auto& [digest, library] : fresh) {
    if (functions_.Delete(library->name)) loaded_.erase(library->name);
  }
  for (auto& [digest, library] : fresh) Insert(view, std::move(library), digest);
  if (!fresh.empty()) {
    log_.Notice(StrCat("Function libraries of the cluster: ", fresh.size(), " loaded"));
  }
}

void ClusterLibraries::Insert(const ledger::View& view, std::unique_ptr<Library> library,
                              const slots::LibraryDigest& digest) {
  const std::string name = library->name;
  const std::string text = library->text;
  if (!functions_.libraries().CanAdd(*library, /*replace=*/true).ok()) {
    // A library whose newer text has not come yet has one of these functions: it goes.
    std::vector<std::string> stale;
    for (const auto& [other, known] : loaded_) {
      if (view.FindLibrary(other)->declared.digest != known) stale.push_back(other);
    }
    for (const std::string& other : stale) Remove(other);
  }
  const absl::Status added = functions_.Add(std::move(library), /*replace=*/true);
  if (!added.ok()) {
    log_.Warning(StrCat("Function library '", name,
                        "' of the cluster cannot be loaded here: ", ToStd(added.message())));
    failures_[digest] = {std::string(ToStd(added.message())),
                         engine_.now_ms + absl::ToInt64Milliseconds(kRetry)};
    return;
  }
  loaded_.emplace(name, digest);
  Journal({"FUNCTION", "LOAD", "REPLACE", text});
}

void ClusterLibraries::Remove(const std::string& name) {
  functions_.Delete(name);
  loaded_.erase(name);
  Journal({"FUNCTION", "DELETE", name});
}

// For files, and for replicas that are of no cluster.
void ClusterLibraries::Journal(std::initializer_list<std::string_view> words) {
  const slots::ShardInfo* shard = state_.self_shard();
  if (shard == nullptr || shard->primary != state_.self_id()) return;
  engine_.journal.Append({.argv = absl::MakeConstSpan(words.begin(), words.size())});
}

std::string ClusterLibraries::Problem(std::string_view name) const {
  const ledger::LibraryRecord* record = state_.picture().decided->FindLibrary(name);
  const auto loaded = loaded_.find(std::string(name));
  if (record == nullptr) return loaded == loaded_.end() ? "" : "not the cluster's";
  const slots::LibraryDigest& digest = record->declared.digest;
  if (loaded != loaded_.end() && loaded->second == digest) return "";
  if (const auto failed = failures_.find(digest); failed != failures_.end()) {
    return failed->second.why;
  }
  return state_.picture().libraries->contains(digest) ? "about to be loaded"
                                                      : "its text has not come yet";
}

}  // namespace slotmesh::functions
