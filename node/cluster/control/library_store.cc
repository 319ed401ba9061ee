#include "node/cluster/control/library_store.h"

#include <optional>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kEnding = ".lib";
// Being written. It has no meaning until it has another name.
constexpr char kNew[] = "new";

std::string FileOf(const slots::LibraryDigest& digest) { return StrCat(digest.ToHex(), kEnding); }

std::optional<slots::LibraryDigest> DigestIn(std::string_view file) {
  if (!file.ends_with(kEnding)) return std::nullopt;
  return slots::LibraryDigest::FromHex(file.substr(0, file.size() - kEnding.size()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LibraryStore>> LibraryStore::Open(ledger::LogDisk& disk,
                                                                 std::vector<std::string>* notes) {
  std::unique_ptr<LibraryStore> store(new LibraryStore(disk));
  const absl::StatusOr<std::vector<std::string>> files = disk.List();
  if (!files.ok()) return files.status();
  LibraryTexts texts;
  for (const std::string& file : *files) {
    const std::optional<slots::LibraryDigest> digest = DigestIn(file);
    if (!digest.has_value() && file != kNew) continue;
    absl::StatusOr<std::string> text = disk.Read(file);
    if (!text.ok()) return text.status();
    if (digest.has_value() && LibraryDigestOf(*text) == *digest) {
      store->bytes_ += text->size();
      texts.emplace(*digest, std::make_shared<const std::string>(*std::move(text)));
      continue;
    }
    if (digest.has_value()) {
      notes->push_back(StrCat("The function library in ", disk.name(), "/", file,
                              " is damaged: it is fetched from other nodes again"));
    }
    const absl::Status removed = disk.Remove(file);
    if (!removed.ok()) return removed;
  }
  store->texts_ = std::make_shared<const LibraryTexts>(std::move(texts));
  return store;
}

absl::Status LibraryStore::Keep(LibraryText text) {
  const slots::LibraryDigest digest = LibraryDigestOf(*text);
  if (Has(digest)) return absl::OkStatus();
  absl::Status status = disk_.Append(kNew, *text);
  if (status.ok()) status = disk_.Fsync(kNew);
  if (status.ok()) status = disk_.Rename(kNew, FileOf(digest));
  if (status.ok()) status = disk_.SyncDir();
  if (!status.ok()) return status;
  bytes_ += text->size();
  LibraryTexts texts = *texts_;
  texts.emplace(digest, std::move(text));
  texts_ = std::make_shared<const LibraryTexts>(std::move(texts));
  return absl::OkStatus();
}

absl::Status LibraryStore::Drop(const slots::LibraryDigest& digest) {
  const auto found = texts_->find(digest);
  if (found == texts_->end()) return absl::OkStatus();
  const absl::Status removed = disk_.Remove(FileOf(digest));
  if (!removed.ok()) return removed;
  bytes_ -= found->second->size();
  LibraryTexts texts = *texts_;
  texts.erase(digest);
  texts_ = std::make_shared<const LibraryTexts>(std::move(texts));
  return absl::OkStatus();
}

}  // namespace slotmesh::node
