#include "gossip/sim/disk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace slotmesh::sim {

SimDisk::SimDisk(Random random, DiskFaults faults) : random_(random), faults_(faults) {}

absl::Status SimDisk::Injected(DiskCall call, double percent, std::string_view name) {
  int& forced = fail_next_[call];
  const bool fail = forced > 0 || random_.Percent(percent);
  if (forced > 0) --forced;
  if (!fail) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(std::string(name), ": input/output error (injected)"));
}

absl::StatusOr<SimDisk::FilePtr> SimDisk::Find(std::string_view name) const {
  const auto found = names_.find(name);
  if (found == names_.end())
    return absl::NotFoundError(absl::StrCat(std::string(name), ": no such file"));
  return found->second;
}

SimDisk::FilePtr SimDisk::FindOrCreate(std::string_view name) {
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  FilePtr file = std::make_shared<File>();
  ChangeNames({{{std::string(name), file}}});
  return file;
}

void SimDisk::ChangeNames(NameChange change) {
  for (const auto& [name, file] : change.set) {
    if (file == nullptr) {
      names_.erase(name);
    } else {
      names_[name] = file;
    }
  }
  name_changes_.push_back(std::move(change));
}

void SimDisk::Apply(std::string& contents, const PendingWrite& write, uint64_t length) {
  if (write.truncate) {
    contents.resize(write.offset);
    return;
  }
  if (length == 0) return;
  if (contents.size() < write.offset + length) contents.resize(write.offset + length);
  contents.replace(write.offset, length, write.bytes, 0, length);
}

absl::Status SimDisk::Write(std::string_view name, const FilePtr& file, PendingWrite write) {
  absl::Status status = Injected(DiskCall::kWrite, faults_.write_error_percent, name);
  const uint64_t end = write.truncate ? write.offset : write.offset + write.bytes.size();
  if (status.ok() && end > file->now.size() &&
      used_bytes() + (end - file->now.size()) > faults_.capacity_bytes) {
    status = absl::ResourceExhaustedError(
        absl::StrCat(std::string(name), ": no space left on the disk"));
  }
  if (!status.ok()) {
    if (write.truncate) return status;
    write.bytes.resize(random_.Below(write.bytes.size() + 1));
    if (absl::IsResourceExhausted(status)) write.bytes.clear();
  }
  Apply(file->now, write, write.bytes.size());
  if (write.truncate || !write.bytes.empty()) file->pending.push_back(std::move(write));
  return status;
}

absl::Status SimDisk::Create(std::string_view name) {
  FindOrCreate(name);
  return absl::OkStatus();
}

absl::Status SimDisk::Append(std::string_view name, std::string_view bytes) {
  const FilePtr file = FindOrCreate(name);
  return Write(name, file, {.offset = file->now.size(), .bytes = std::string(bytes)});
}

absl::Status SimDisk::WriteAt(std::string_view name, uint64_t offset, std::string_view bytes) {
  return Write(name, FindOrCreate(name), {.offset = offset, .bytes = std::string(bytes)});
}

absl::Status SimDisk::Truncate(std::string_view name, uint64_t size) {
  const absl::StatusOr<FilePtr> file = Find(name);
  if (!file.ok()) return file.status();
  return Write(name, *file, {.truncate = true, .offset = size});
}

absl::Status SimDisk::Fsync(std::string_view name) {
  const absl::StatusOr<FilePtr> file = Find(name);
  if (!file.ok()) return file.status();
  const absl::Status status = Injected(DiskCall::kSync, faults_.sync_error_percent, name);
  if (!status.ok()) return status;
  (*file)->synced = (*file)->now;
  (*file)->pending.clear();
  return absl::OkStatus();
}

absl::Status SimDisk::Rename(std::string_view from, std::string_view to) {
  const absl::StatusOr<FilePtr> file = Find(from);
  if (!file.ok()) return file.status();
  const absl::Status status = Injected(DiskCall::kRename, 0, from);
  if (!status.ok() || from == to) return status;
  ChangeNames({{{std::string(from), nullptr}, {std::string(to), *file}}});
  return absl::OkStatus();
}

absl::Status SimDisk::Remove(std::string_view name) {
  const absl::StatusOr<FilePtr> file = Find(name);
  if (!file.ok()) return file.status();
  const absl::Status status = Injected(DiskCall::kRemove, 0, name);
  if (!status.ok()) return status;
  ChangeNames({{{std::string(name), nullptr}}});
  return absl::OkStatus();
}

absl::Status SimDisk::SyncDir() {
  const absl::Status status = Injected(DiskCall::kSyncDir, faults_.sync_error_percent, ".");
  if (!status.ok()) return status;
  synced_names_ = names_;
  name_changes_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::string> SimDisk::Read(std::string_view name) {
  const absl::StatusOr<FilePtr> file = Find(name);
  if (!file.ok()) return file.status();
  const absl::Status status = Injected(DiskCall::kRead, faults_.read_error_percent, name);
  if (!status.ok()) return status;
  return (*file)->now;
}

absl::StatusOr<uint64_t> SimDisk::Size(std::string_view name) const {
  const absl::StatusOr<FilePtr> file = Find(name);
  if (!file.ok()) return file.status();
  return (*file)->now.size();
}

std::vector<std::string> SimDisk::List() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : names_) names.push_back(name);
  return names;
}

uint64_t SimDisk::used_bytes() const {
  uint64_t sum = 0;
  for (const auto& [name, file] : names_) sum += file->now.size();
  return sum;
}

void SimDisk::CrashFile(File& file) {
  const size_t kept = random_.Below(file.pending.size() + 1);
  for (size_t i = 0; i < file.pending.size(); ++i) {
    const PendingWrite& write = file.pending[i];
    const uint64_t fate = faults_.reorder_writes ? random_.Below(3)
                          : i < kept             ? 0
                          : i == kept            ? 1
                                                 : 2;
    if (fate == 0) Apply(file.synced, write, write.bytes.size());
    if (fate == 1 && !write.truncate) {
      Apply(file.synced, write, random_.Below(write.bytes.size() + 1));
    }
  }
  file.pending.clear();
  file.now = file.synced;
}

void SimDisk::Crash() {
  const size_t kept = random_.Below(name_changes_.size() + 1);
  name_changes_.resize(kept);
  names_ = std::move(synced_names_);
  for (const NameChange& change : name_changes_) {
    for (const auto& [name, file] : change.set) {
      if (file == nullptr) {
        names_.erase(name);
      } else {
        names_[name] = file;
      }
    }
  }
  for (const auto& [name, file] : names_) CrashFile(*file);
  synced_names_ = names_;
  name_changes_.clear();
}

void SimDisk::Wipe() {
  names_.clear();
  synced_names_.clear();
  name_changes_.clear();
}

void SimDisk::FailNext(DiskCall call, int count) { fail_next_[call] += count; }

bool SimDisk::Corrupt(std::string_view name, uint64_t offset, uint8_t mask) {
  const auto found = names_.find(name);
  if (found == names_.end() || offset >= found->second->now.size()) return false;
  File& file = *found->second;
  file.now[offset] = static_cast<char>(file.now[offset] ^ mask);
  if (offset < file.synced.size())
    file.synced[offset] = static_cast<char>(file.synced[offset] ^ mask);
  return true;
}

absl::Duration SimDisk::DrawSyncDelay() {
  const int64_t low = absl::ToInt64Nanoseconds(faults_.sync_delay_min);
  const int64_t high = std::max(low, absl::ToInt64Nanoseconds(faults_.sync_delay_max));
  return absl::Nanoseconds(low + static_cast<int64_t>(random_.Below(high - low + 1)));
}

}  // namespace slotmesh::sim
