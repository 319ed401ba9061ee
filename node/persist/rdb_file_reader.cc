#include "node/persist/rdb_file_reader.h"

#include <algorithm>

#include "node/codec/crc64.h"
#include "node/resp/numbers.h"
#include "node/types/load_value.h"
#include "node/types/module_values.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kMagic = "REDIS";
constexpr size_t kHeaderBytes = 9;
constexpr int kFirstVersionWithChecksum = 5;
constexpr int kChecksumBytes = 8;
// Summed up while they are still in the cache.
constexpr size_t kSumBytes = 64 << 10;
constexpr int64_t kMillisPerSecond = 1000;
// Valkey 8 in cluster mode writes how many keys a slot has.
constexpr uint8_t kSlotInfo = 244;
constexpr int kSlotInfoNumbers = 3;

}  // namespace

bool RdbFileReader::Refuse(absl::Status status) {
  refused_ = std::move(status);
  return false;
}

absl::Status RdbFileReader::Failure() {
  failure_ = refused_.ok() ? reader_.status() : refused_;
  return absl::Status(failure_.code(), StrCat(ToStd(failure_.message()), " (at byte ",
                                              reader_.position(), " of ", bytes_.size(), ")"));
}

bool RdbFileReader::Header() {
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

bool RdbFileReader::SelectDatabase() {
  if (!reader_.Length(&notes_.database)) return false;
  const absl::Status status = handler_.OnDatabase(notes_.database);
  return status.ok() || Refuse(status);
}

bool RdbFileReader::Aux() {
  std::string_view name;
  std::string_view value;
  if (!reader_.String(&name, &key_scratch_) || !reader_.String(&value, &scratch_)) return false;
  handler_.OnAux(name, value);
  return true;
}

bool RdbFileReader::Skip(int lengths) {
  uint64_t unused;
  while (lengths-- > 0) {
    if (!reader_.Length(&unused)) return false;
  }
  return true;
}

bool RdbFileReader::Function() {
  std::string_view code;
  if (!reader_.String(&code, &scratch_)) return false;
  handler_.OnFunction(code);
  return true;
}

bool RdbFileReader::ModuleAux() {
  if (options_.type_settings.module_values == nullptr) {
    return Refuse(absl::UnimplementedError("the file has data of a module that is not loaded"));
  }
  const absl::Status status = options_.type_settings.module_values->LoadAux(reader_);
  return status.ok() || Refuse(status);
}

bool RdbFileReader::Seconds() {
  std::string_view raw;
  if (!reader_.Raw(4, &raw)) return false;
  uint32_t seconds = 0;
  for (int i = 0; i < 4; ++i) seconds |= uint32_t{static_cast<uint8_t>(raw[i])} << (8 * i);
  notes_.expiry = static_cast<int64_t>(static_cast<int32_t>(seconds)) * kMillisPerSecond;
  return true;
}

bool RdbFileReader::Idle() {
  uint64_t seconds;
  if (!reader_.Length(&seconds)) return false;
  notes_.idle_seconds = seconds;
  return true;
}

bool RdbFileReader::Frequency() {
  uint8_t frequency;
  if (!reader_.Byte(&frequency)) return false;
  notes_.frequency = frequency;
  return true;
}

std::optional<RdbFileReader::Part> RdbFileReader::Opcode(uint8_t byte) {
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
      return other(ModuleAux());
    case RdbOpcode::kIdle:
      return other(Idle());
    case RdbOpcode::kFreq:
      return other(Frequency());
    case RdbOpcode::kAux:
      return other(Aux());
    case RdbOpcode::kResizeDb:
      return other(Skip(2));
    case RdbOpcode::kExpireMillis:
      return other(reader_.Millis(&notes_.expiry));
    case RdbOpcode::kExpireSeconds:
      return other(Seconds());
    case RdbOpcode::kSelectDb:
      return other(SelectDatabase());
    case RdbOpcode::kEof:
      return Part::kEnd;
  }
  return std::nullopt;
}

bool RdbFileReader::ReadValue(RdbType type, std::string_view key) {
  if (type == RdbType::kString) {
    std::string_view value;
    return reader_.String(&value, &scratch_) && PassOn(Entry::NewString(key, value, notes_.expiry));
  }
  reader_.set_place({key, static_cast<int>(notes_.database)});
  const absl::StatusOr<Object*> object = LoadValue(type, reader_, options_.type_settings);
  if (object.ok()) return PassOn(Entry::NewObject(key, *object, notes_.expiry));
  if (reader_.found_empty()) {
    reader_.PassOverEmpty();
    handler_.OnEmpty(key);
    return true;
  }
  return Refuse(absl::Status(object.status().code(), StrCat("the value of key '", key, "': ",
                                                            ToStd(object.status().message()))));
}

bool RdbFileReader::PassOn(Entry* entry) {
  const absl::Status status = handler_.OnEntry(notes_, entry);
  return status.ok() || Refuse(status);
}

bool RdbFileReader::ReadEntry(RdbType type) {
  type_ = type;
  doing_ = Doing::kKey;
  std::string_view key;
  if (!reader_.String(&key, &key_scratch_)) return false;
  doing_ = Doing::kValue;
  if (!ReadValue(type, key)) {
    key_ = key;
    return false;
  }
  notes_ = {.database = notes_.database};
  doing_ = Doing::kType;
  type_.reset();
  return true;
}

void RdbFileReader::SumUp() {
  const size_t position = reader_.position();
  if (options_.check_checksum) {
    checksum_ = Crc64(checksum_, bytes_.substr(summed_, position - summed_));
  }
  summed_ = position;
}

// Behind the end, from version 5 on; 0 if the writer was told not to sum up.
bool RdbFileReader::Checksum() {
  SumUp();
  without_checksum_ = version_ < kFirstVersionWithChecksum;
  if (without_checksum_) return true;
  doing_ = Doing::kChecksum;
  std::string_view raw;
  if (!reader_.Raw(kChecksumBytes, &raw)) return false;
  uint64_t expected = 0;
  for (int i = 0; i < kChecksumBytes; ++i) {
    expected |= uint64_t{static_cast<uint8_t>(raw[i])} << (8 * i);
  }
  without_checksum_ = expected == 0;
  if (!options_.check_checksum || expected == 0 || expected == checksum_) return true;
  return Refuse(absl::DataLossError("RDB CRC error: the file is damaged"));
}

absl::StatusOr<bool> RdbFileReader::Step(size_t bytes) {
  const size_t begin = reader_.position();
  if (begin == 0 && !Header()) return Failure();
  while (reader_.position() - begin < bytes) {
    uint8_t byte;
    if (!reader_.Byte(&byte)) return Failure();
    if (byte >= kSlotInfo) doing_ = Doing::kNote;
    const std::optional<Part> part = Opcode(byte);
    if (!part) return Failure();
    if (*part == Part::kEnd) {
      if (!Checksum()) return Failure();
      return true;
    }
    if (*part == Part::kEntry && !ReadEntry(static_cast<RdbType>(byte))) return Failure();
    if (reader_.position() - summed_ >= kSumBytes) SumUp();
  }
  return false;
}

}  // namespace slotmesh::node
