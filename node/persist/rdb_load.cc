#include "node/persist/rdb_load.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "node/codec/crc64.h"
#include "node/keyspace/access_clock.h"
#include "node/persist/mapped_file.h"
#include "node/resp/numbers.h"
#include "node/types/load_value.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kMagic = "REDIS";
constexpr size_t kHeaderBytes = 9;
constexpr int kFirstVersionWithChecksum = 5;
constexpr int kChecksumBytes = 8;
constexpr size_t kProgressBytes = 2 << 20;
// Summed up while they are still in the cache.
constexpr size_t kSumBytes = 64 << 10;
constexpr int64_t kMillisPerSecond = 1000;
// Valkey 8 in cluster mode writes how many keys a slot has.
constexpr uint8_t kSlotInfo = 244;
constexpr int kSlotInfoNumbers = 3;

}  // namespace

bool RdbLoader::Refuse(absl::Status status) {
  refused_ = std::move(status);
  return false;
}

absl::Status RdbLoader::Failure() const {
  const absl::Status& status = refused_.ok() ? reader_.status() : refused_;
  return absl::Status(status.code(), StrCat(ToStd(status.message()), " (at byte ",
                                            reader_.position(), " of ", bytes_.size(), ")"));
}

bool RdbLoader::Header() {
  std::string_view header;
  if (!reader_.Raw(kHeaderBytes, &header) || !header.starts_with(kMagic)) {
    return Refuse(absl::DataLossError("Wrong signature trying to load DB from file"));
  }
  const std::optional<int64_t> version = ParseInt64(
      header.substr(std::min(header.find_first_not_of('0', kMagic.size()), kHeaderBytes - 1)));
  if (!version || *version < kRdbVersionReadMin || *version > kRdbVersionReadMax) {
    return Refuse(absl::UnimplementedError(
        StrCat("Can't handle RDB format version ", header.substr(kMagic.size()))));
  }
  version_ = static_cast<int>(*version);
  return true;
}

bool RdbLoader::SelectDatabase() {
  uint64_t index;
  if (!reader_.Length(&index)) return false;
  if (index >= static_cast<uint64_t>(keyspace_.database_count())) {
    return Refuse(absl::DataLossError(StrCat("the file has keys in database ", index,
                                             ", this server has ", keyspace_.database_count(),
                                             " databases: see the directive databases")));
  }
  database_ = static_cast<int>(index);
  return true;
}

bool RdbLoader::Aux() {
  std::string_view name;
  std::string_view value;
  if (!reader_.String(&name, &key_scratch_) || !reader_.String(&value, &scratch_)) return false;
  loaded_.aux.emplace_back(name, value);
  return true;
}

bool RdbLoader::Skip(int lengths) {
  uint64_t unused;
  while (lengths-- > 0) {
    if (!reader_.Length(&unused)) return false;
  }
  return true;
}

bool RdbLoader::Function() {
  std::string_view code;
  if (!reader_.String(&code, &scratch_)) return false;
  loaded_.functions.emplace_back(code);
  return true;
}

bool RdbLoader::Seconds() {
  std::string_view raw;
  if (!reader_.Raw(4, &raw)) return false;
  uint32_t seconds = 0;
  for (int i = 0; i < 4; ++i) seconds |= uint32_t{static_cast<uint8_t>(raw[i])} << (8 * i);
  expiry_ = static_cast<int64_t>(static_cast<int32_t>(seconds)) * kMillisPerSecond;
  return true;
}

bool RdbLoader::Idle() {
  uint64_t seconds;
  if (!reader_.Length(&seconds)) return false;
  idle_seconds_ = seconds;
  return true;
}

bool RdbLoader::Frequency() {
  uint8_t frequency;
  if (!reader_.Byte(&frequency)) return false;
  frequency_ = frequency;
  return true;
}

std::optional<RdbLoader::Part> RdbLoader::Opcode(uint8_t byte) {
  const auto other = [](bool read) { return read ? std::optional(Part::kOther) : std::nullopt; };
  if (byte == kSlotInfo) return other(Skip(kSlotInfoNumbers));
  if (byte < kSlotInfo) return Part::kEntry;
  switch (static_cast<RdbOpcode>(byte)) {
    case RdbOpcode::kFunction2:
      return other(Function());
    case RdbOpcode::kFunctionPreGa:
      return other(Refuse(absl::UnimplementedError(
          "the file has functions in the format of a Redis 7.0 release candidate")));
    case RdbOpcode::kModuleAux:
      return other(
          Refuse(absl::UnimplementedError("the file has data of a module that is not loaded")));
    case RdbOpcode::kIdle:
      return other(Idle());
    case RdbOpcode::kFreq:
      return other(Frequency());
    case RdbOpcode::kAux:
      return other(Aux());
    case RdbOpcode::kResizeDb:
      return other(Skip(2));
    case RdbOpcode::kExpireMillis:
      return other(reader_.Millis(&expiry_));
    case RdbOpcode::kExpireSeconds:
      return other(Seconds());
    case RdbOpcode::kSelectDb:
      return other(SelectDatabase());
    case RdbOpcode::kEof:
      return Part::kEnd;
  }
  return std::nullopt;
}

Entry* RdbLoader::ReadEntry(RdbType type, std::string_view key) {
  if (type == RdbType::kString) {
    std::string_view value;
    if (!reader_.String(&value, &scratch_)) return nullptr;
    return Entry::NewString(key, value, expiry_);
  }
  const absl::StatusOr<Object*> object = LoadValue(type, reader_, options_.type_settings);
  if (object.ok()) return Entry::NewObject(key, *object, expiry_);
  Refuse(absl::Status(object.status().code(),
                      StrCat("the value of key '", key, "': ", ToStd(object.status().message()))));
  return nullptr;
}

bool RdbLoader::Keep(Entry* entry) {
  const std::string_view key = entry->key();
  const HashedKey hashed =
      keyspace_.Hash(key, keyspace_.cluster() ? static_cast<int>(slots::HashSlot(key)) : 0);
  Database& database = keyspace_.database(database_);
  if (database.ContainsRaw(hashed)) {
    if (!options_.replace) {
      const absl::Status twice = absl::AlreadyExistsError(StrCat("key '", key, "' is there twice"));
      Entry::Free(entry);
      return Refuse(twice);
    }
    database.Delete(hashed, options_.now);
  }
  database.Insert(hashed, entry, options_.now);
  SetAccessClock(*entry);
  ++loaded_.keys;
  return true;
}

// What the file says counts only under the policy that it was written under.
void RdbLoader::SetAccessClock(Entry& entry) const {
  const bool lfu = keyspace_.access_policy() == AccessPolicy::kLfu;
  if (lfu && frequency_) {
    entry.set_access_clock(LfuClock(*frequency_, options_.now));
  } else if (!lfu && idle_seconds_) {
    const uint64_t idle = std::min<uint64_t>(*idle_seconds_, kLruClockMask);
    entry.set_access_clock(LruClockOfIdle(static_cast<uint32_t>(idle), options_.now));
  }
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

bool RdbLoader::LoadEntry(RdbType type) {
  std::string_view key;
  if (!reader_.String(&key, &key_scratch_)) return false;
  Entry* entry = ReadEntry(type, key);
  if (entry == nullptr) return false;
  const bool expired = entry->IsExpired(options_.now) && !options_.keep_expired;
  if (expired) {
    Entry::Free(entry);
    ++loaded_.expired;
  } else if (!Keep(entry)) {
    return false;
  }
  expiry_ = kNoExpiry;
  idle_seconds_.reset();
  frequency_.reset();
  if (key_delay_micros_ != 0) [[unlikely]]
    LoseTime(key_delay_micros_, loaded_.keys + loaded_.expired);
  return true;
}

void RdbLoader::SumUp() {
  const size_t position = reader_.position();
  if (options_.check_checksum) {
    checksum_ = Crc64(checksum_, bytes_.substr(summed_, position - summed_));
  }
  summed_ = position;
}

// Behind the end, from version 5 on; 0 if the writer was told not to sum up.
bool RdbLoader::Checksum() {
  SumUp();
  if (version_ < kFirstVersionWithChecksum) return true;
  std::string_view raw;
  if (!reader_.Raw(kChecksumBytes, &raw)) return false;
  uint64_t expected = 0;
  for (int i = 0; i < kChecksumBytes; ++i) {
    expected |= uint64_t{static_cast<uint8_t>(raw[i])} << (8 * i);
  }
  if (!options_.check_checksum || expected == 0 || expected == checksum_) return true;
  return Refuse(absl::DataLossError("Wrong RDB checksum: the file is damaged"));
}

absl::StatusOr<bool> RdbLoader::Step(size_t bytes) {
  const size_t begin = reader_.position();
  if (begin == 0 && !Header()) return Failure();
  while (reader_.position() - begin < bytes) {
    uint8_t byte;
    if (!reader_.Byte(&byte)) return Failure();
    const std::optional<Part> part = Opcode(byte);
    if (!part) return Failure();
    if (*part == Part::kEnd) {
      if (!Checksum()) return Failure();
      loaded_.size = reader_.position();
      return true;
    }
    if (*part == Part::kEntry && !LoadEntry(static_cast<RdbType>(byte))) return Failure();
    if (reader_.position() - summed_ >= kSumBytes) SumUp();
  }
  return false;
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
