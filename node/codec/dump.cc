#include "node/codec/dump.h"

#include "node/codec/crc64.h"
#include "node/codec/rdb_reader.h"
#include "node/codec/rdb_writer.h"
#include "node/resp/errors.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr size_t kChecksumSize = 8;

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

void SealDump(std::string* payload) {
  payload->push_back(static_cast<char>(kRdbVersionWritten & 0xff));
  payload->push_back(static_cast<char>(kRdbVersionWritten >> 8));
  const uint64_t crc = Crc64(0, *payload);
  for (size_t i = 0; i < kChecksumSize; ++i) payload->push_back(static_cast<char>(crc >> (8 * i)));
}

absl::StatusOr<std::string_view> OpenSealed(std::string_view payload, uint16_t* version) {
  if (payload.size() < kDumpFooterSize) return WireStatus(errors::kBadPayload);
  const size_t checked = payload.size() - kChecksumSize;
  *version = static_cast<uint16_t>(LittleEndian(payload.substr(checked - 2, 2)));
  if (*version < kRdbVersionReadMin || *version > kRdbVersionReadMax ||
      LittleEndian(payload.substr(checked)) != Crc64(0, payload.substr(0, checked))) {
    return WireStatus(errors::kBadPayload);
  }
  return payload.substr(0, payload.size() - kDumpFooterSize);
}

absl::StatusOr<DumpedValue> OpenDump(std::string_view payload) {
  DumpedValue value;
  const absl::StatusOr<std::string_view> content = OpenSealed(payload, &value.version);
  if (!content.ok()) return content.status();
  if (content->empty()) return WireStatus(errors::kBadPayload);
  value.type = static_cast<RdbType>(payload[0]);
  value.body = content->substr(1);
  return value;
}

std::string DumpString(std::string_view value, bool compress) {
  std::string payload;
  payload.reserve(1 + kRdbLengthMax + value.size() + kDumpFooterSize);
  RdbWriter writer(&payload, compress);
  writer.Type(RdbType::kString);
  writer.String(value);
  SealDump(&payload);
  return payload;
}

std::string DumpInteger(int64_t value) {
  std::string payload;
  RdbWriter writer(&payload);
  writer.Type(RdbType::kString);
  writer.IntegerString(value);
  SealDump(&payload);
  return payload;
}

absl::StatusOr<std::string> LoadString(const DumpedValue& value) {
  CHECK(value.type == RdbType::kString);
  RdbReader reader(value.body);
  std::string_view bytes;
  std::string scratch;
  if (!reader.String(&bytes, &scratch)) return reader.status();
  if (!reader.at_end()) return absl::DataLossError("bytes behind a value's end");
  if (bytes.data() == scratch.data()) return scratch;
  return std::string(bytes);
}

}  // namespace slotmesh::node
