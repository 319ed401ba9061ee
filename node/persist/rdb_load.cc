#include "node/persist/rdb_load.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "node/keyspace/access_clock.h"
#include "node/persist/mapped_file.h"
#include "node/resp/numbers.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kProgressBytes = 2 << 20;

}  // namespace

absl::Status RdbLoader::OnDatabase(uint64_t index) {
  if (index < static_cast<uint64_t>(keyspace_.database_count())) return absl::OkStatus();
  return absl::DataLossError(StrCat("the file has keys in database ", index, ", this server has ",
                                    keyspace_.database_count(),
                                    " databases: see the directive databases"));
}

void RdbLoader::OnAux(std::string_view name, std::string_view value) {
  loaded_.aux.emplace_back(name, value);
  keep_expired_ = keep_expired_ || (!name.empty() && name == options_.keep_expired_with);
}

void RdbLoader::OnFunction(std::string_view code) { loaded_.functions.emplace_back(code); }

absl::Status RdbLoader::OnEntry(const RdbEntryNotes& notes, Entry* entry) {
  absl::Status status;
  const bool expired = HasExpired(*entry);
  if (expired) ++loaded_.expired;
  if (expired && !keep_expired_) {
    Entry::Free(entry);
  } else {
    if (waiting_count_ == kWaitingMax) status = KeepFirst();
    const std::string_view name = entry->key();
    const HashedKey key =
        keyspace_.Hash(name, keyspace_.cluster() ? static_cast<int>(slots::HashSlot(name)) : 0);
    keyspace_.database(static_cast<int>(notes.database)).PrefetchBucket(key);
    waiting_[(first_ + waiting_count_++) % kWaitingMax] = {entry, notes, key};
  }
  if (key_delay_micros_ != 0) [[unlikely]]
    LoseTime(key_delay_micros_, loaded_.keys + loaded_.expired);
  return status;
}

void RdbLoader::OnEmpty(std::string_view key) {
  if (loaded_.empty++ < kEmptyToldMax && options_.on_empty) options_.on_empty(key);
}

absl::Status RdbLoader::KeepFirst() {
  const Waiting waiting = waiting_[first_];
  first_ = (first_ + 1) % kWaitingMax;
  --waiting_count_;
  return Keep(waiting);
}

absl::Status RdbLoader::KeepAll() {
  absl::Status status;
  while (waiting_count_ > 0) status.Update(KeepFirst());
  return status;
}

absl::Status RdbLoader::Keep(const Waiting& waiting) {
  const auto& [entry, notes, key] = waiting;
  Database& database = keyspace_.database(static_cast<int>(notes.database));
  if (database.ContainsRaw(key)) {
    if (!options_.replace) {
      const absl::Status twice =
          absl::AlreadyExistsError(StrCat("key '", key.bytes, "' is there twice"));
      Entry::Free(entry);
      return twice;
    }
    database.Delete(key, options_.now);
  }
  database.Insert(key, entry, options_.now);
  SetAccessClock(notes, *entry);
  if (!HasExpired(*entry)) ++loaded_.keys;
  if (options_.on_key) options_.on_key(static_cast<int>(notes.database), key.bytes);
  return absl::OkStatus();
}

// What the file says counts only under the policy that it was written under.
void RdbLoader::SetAccessClock(const RdbEntryNotes& notes, Entry& entry) const {
  const bool lfu = keyspace_.access_policy() == AccessPolicy::kLfu;
  if (lfu && notes.frequency) {
    entry.set_access_clock(LfuClock(*notes.frequency, options_.now));
  } else if (!lfu && notes.idle_seconds) {
    const uint64_t idle = std::min<uint64_t>(*notes.idle_seconds, kLruClockMask);
    entry.set_access_clock(LruClockOfIdle(static_cast<uint32_t>(idle), options_.now));
  }
}

absl::StatusOr<bool> RdbLoader::Step(size_t bytes) {
  const absl::StatusOr<bool> done = reader_.Step(bytes);
  loaded_.size = reader_.position();
  const absl::Status kept = KeepAll();
  if (done.ok() && !kept.ok()) return kept;
  return done;
}

absl::Status CheckWhole(const RdbLoaded& loaded, size_t file_size) {
  if (loaded.size == file_size) return absl::OkStatus();
  return absl::DataLossError(
      StrCat("there are bytes behind the end (at byte ", loaded.size, " of ", file_size, ")"));
}

uint64_t MemoryOfWriter(const RdbLoaded& loaded) {
  for (const auto& [name, value] : loaded.aux) {
    if (name == "used-mem") return static_cast<uint64_t>(ParseInt64(value).value_or(0));
  }
  return 0;
}

void LoseTime(int64_t key_delay_micros, uint64_t count) {
  if (key_delay_micros < 0 && static_cast<int64_t>(count) % key_delay_micros != 0) return;
  std::this_thread::sleep_for(std::chrono::microseconds(std::max<int64_t>(key_delay_micros, 1)));
}

absl::StatusOr<RdbLoaded> LoadRdb(std::string_view bytes, Keyspace& keyspace,
                                  const RdbLoadOptions& options,
                                  absl::FunctionRef<void(size_t)> progress) {
  RdbLoader loader(bytes, keyspace, options);
  while (true) {
    const absl::StatusOr<bool> done = loader.Step(kProgressBytes);
    if (!done.ok()) return done.status();
    progress(loader.position());
    if (*done) return std::move(loader.loaded());
  }
}

absl::StatusOr<RdbLoaded> LoadRdbFile(const std::string& path, Keyspace& keyspace,
                                      const RdbLoadOptions& options,
                                      absl::FunctionRef<void(size_t)> progress) {
  const absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<RdbLoaded> loaded = LoadRdb(file->bytes(), keyspace, options, progress);
  const absl::Status status =
      loaded.ok() ? CheckWhole(*loaded, file->bytes().size()) : loaded.status();
  if (status.ok()) return loaded;
  return absl::Status(status.code(), StrCat(path, ": ", ToStd(status.message())));
}

}  // namespace slotmesh::node
