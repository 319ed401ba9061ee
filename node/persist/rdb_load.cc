#include "node/persist/rdb_load.h"

#include <optional>

#include "node/codec/crc64.h"
#include "node/codec/rdb_reader.h"
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
constexpr int64_t kMillisPerSecond = 1000;
// Valkey 8 in cluster mode writes how many keys a slot has.
constexpr uint8_t kSlotInfo = 244;
constexpr int kSlotInfoNumbers = 3;

class Loader {
 public:
  Loader(std::string_view bytes, Keyspace& keyspace, const RdbLoadOptions& options,
         absl::FunctionRef<void(size_t)> progress)
      : bytes_(bytes),
        reader_(bytes),
        keyspace_(keyspace),
        options_(options),
        progress_(progress),
        keep_expired_(options.keep_expired) {}

  absl::StatusOr<RdbLoaded> Run();

 private:
  enum class Part { kEntry, kOther, kEnd };

  bool Header();
  // What the byte says comes next; reads it unless it is an entry.
  std::optional<Part> Opcode(uint8_t byte);
  bool SelectDatabase();
  bool Aux();
  bool Skip(int lengths);
  bool Function();
  bool Seconds();
  bool LoadEntry(RdbType type);
  Entry* ReadEntry(RdbType type, std::string_view key);
  bool Keep(Entry* entry);
  bool Checksum();
  void Advance();
  bool Refuse(absl::Status status);
  absl::Status Failure() const;

  const std::string_view bytes_;
  RdbReader reader_;
  Keyspace& keyspace_;
  const RdbLoadOptions& options_;
  const absl::FunctionRef<void(size_t)> progress_;
  bool keep_expired_;
  RdbLoaded loaded_;
  absl::Status refused_;
  int version_ = 0;
  int database_ = 0;
  UnixMillis expiry_ = kNoExpiry;  // Of the entry to come.
  std::string key_scratch_;
  std::string scratch_;
  uint64_t checksum_ = 0;
  size_t summed_ = 0;  // Bytes in checksum_.
};

bool Loader::Refuse(absl::Status status) {
  refused_ = std::move(status);
  return false;
}

absl::Status Loader::Failure() const {
  const absl::Status& status = refused_.ok() ? reader_.status() : refused_;
  return absl::Status(status.code(), StrCat(ToStd(status.message()), " (at byte ",
                                            reader_.position(), " of ", bytes_.size(), ")"));
}

bool Loader::Header() {
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

bool Loader::SelectDatabase() {
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

bool Loader::Aux() {
  std::string_view name;
  std::string_view value;
  if (!reader_.String(&name, &key_scratch_) || !reader_.String(&value, &scratch_)) return false;
  loaded_.aux.emplace_back(name, value);
  keep_expired_ = keep_expired_ || (!name.empty() && name == options_.keep_expired_with);
  return true;
}

bool Loader::Skip(int lengths) {
  uint64_t unused;
  while (lengths-- > 0) {
    if (!reader_.Length(&unused)) return false;
  }
  return true;
}

bool Loader::Function() {
  std::string_view code;
  if (!reader_.String(&code, &scratch_)) return false;
  loaded_.functions.emplace_back(code);
  return true;
}

bool Loader::Seconds() {
  std::string_view raw;
  if (!reader_.Raw(4, &raw)) return false;
  uint32_t seconds = 0;
  for (int i = 0; i < 4; ++i) seconds |= uint32_t{static_cast<uint8_t>(raw[i])} << (8 * i);
  expiry_ = static_cast<int64_t>(static_cast<int32_t>(seconds)) * kMillisPerSecond;
  return true;
}

std::optional<Loader::Part> Loader::Opcode(uint8_t byte) {
  const auto other = [](bool read) { return read ? std::optional(Part::kOther) : std::nullopt; };
  if (byte == kSlotInfo) return other(Skip(kSlotInfoNumbers));
  if (byte < kSlotInfo) return Part::kEntry;
  uint64_t idle;
  uint8_t frequency;
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
      return other(reader_.Length(&idle));
    case RdbOpcode::kFreq:
      return other(reader_.Byte(&frequency));
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

Entry* Loader::ReadEntry(RdbType type, std::string_view key) {
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

bool Loader::Keep(Entry* entry) {
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
  ++loaded_.keys;
  return true;
}

bool Loader::LoadEntry(RdbType type) {
  std::string_view key;
  if (!reader_.String(&key, &key_scratch_)) return false;
  Entry* entry = ReadEntry(type, key);
  if (entry == nullptr) return false;
  const bool expired = entry->IsExpired(options_.now) && !keep_expired_;
  expiry_ = kNoExpiry;
  if (!expired) return Keep(entry);
  Entry::Free(entry);
  ++loaded_.expired;
  return true;
}

void Loader::Advance() {
  const size_t position = reader_.position();
  if (options_.check_checksum) {
    checksum_ = Crc64(checksum_, bytes_.substr(summed_, position - summed_));
  }
  summed_ = position;
  progress_(position);
}

// Behind the end, from version 5 on; 0 if the writer was told not to sum up.
bool Loader::Checksum() {
  Advance();
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

absl::StatusOr<RdbLoaded> Loader::Run() {
  if (!Header()) return Failure();
  while (true) {
    uint8_t byte;
    if (!reader_.Byte(&byte)) return Failure();
    const std::optional<Part> part = Opcode(byte);
    if (!part) return Failure();
    if (*part == Part::kEnd) break;
    if (*part == Part::kEntry && !LoadEntry(static_cast<RdbType>(byte))) return Failure();
    if (reader_.position() - summed_ >= kProgressBytes) Advance();
  }
  if (!Checksum()) return Failure();
  loaded_.size = reader_.position();
  return std::move(loaded_);
}

}  // namespace

absl::StatusOr<RdbLoaded> LoadRdb(std::string_view bytes, Keyspace& keyspace,
                                  const RdbLoadOptions& options,
                                  absl::FunctionRef<void(size_t)> progress) {
  return Loader(bytes, keyspace, options, progress).Run();
}

absl::StatusOr<RdbLoaded> LoadRdbFile(const std::string& path, Keyspace& keyspace,
                                      const RdbLoadOptions& options,
                                      absl::FunctionRef<void(size_t)> progress) {
  const absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<RdbLoaded> loaded = LoadRdb(file->bytes(), keyspace, options, progress);
  if (loaded.ok() && loaded->size != file->bytes().size()) {
    return absl::DataLossError(StrCat(path, ": there are bytes behind the end (at byte ",
                                      loaded->size, " of ", file->bytes().size(), ")"));
  }
  if (loaded.ok()) return loaded;
  return absl::Status(loaded.status().code(), StrCat(path, ": ", ToStd(loaded.status().message())));
}

}  // namespace slotmesh::node
