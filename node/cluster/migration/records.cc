// Bodies:
//   Time     8 bytes, little-endian
//   Entry    database (varint), flags (1 byte: 1 expires), expiry (8 bytes, if it does), access
//            clock (varint), key (varint length, bytes), payload (the rest)
//   Value    as Entry, the payload being the form (1 byte)
//   Part     elements, as in the value's body; of the first one the body's begin
//   ValueEnd 8 bytes, little-endian
//   Effect   database (varint), number of words (varint), words (varint length, bytes)
//   Final    empty
#include "node/cluster/migration/records.h"

#include <algorithm>

#include "node/cluster/little_endian.h"
#include "node/codec/crc64.h"

namespace slotmesh::node {
namespace {

constexpr char kExpires = 1;
constexpr uint64_t kAccessClockMax = 0xffffff;

// Writes a record's header when it goes, around the body that was appended meanwhile.
class Framed {
 public:
  Framed(std::string* stream, RecordKind kind) : stream_(stream), begin_(stream->size()) {
    *stream += static_cast<char>(kind);
    stream->append(sizeof(uint64_t), '\0');
  }
  ~Framed() {
    const uint64_t length = stream_->size() - begin_ - kRecordHeaderBytes;
    for (size_t i = 0; i < sizeof(length); ++i) {
      (*stream_)[begin_ + 1 + i] = static_cast<char>(length >> (8 * i));
    }
  }
  Framed(const Framed&) = delete;
  Framed& operator=(const Framed&) = delete;

 private:
  std::string* stream_;
  size_t begin_;
};

void AppendBytes(std::string* out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  *out += bytes;
}

void AppendEntryBody(std::string* stream, const EntryRecord& entry) {
  AppendVarint(stream, static_cast<uint64_t>(entry.database));
  const bool expires = entry.expiry != kNoExpiry;
  *stream += expires ? kExpires : '\0';
  if (expires) AppendU64(stream, static_cast<uint64_t>(entry.expiry));
  AppendVarint(stream, entry.access_clock);
  AppendBytes(stream, entry.key);
  *stream += entry.payload;
}

bool TakeDatabase(std::string_view* body, int* database) {
  const std::optional<uint64_t> number = TakeVarint(body);
  if (!number || *number > INT32_MAX) return false;
  *database = static_cast<int>(*number);
  return true;
}

bool ParseTime(std::string_view body, Record* record) {
  if (body.size() != sizeof(uint64_t)) return false;
  record->time = static_cast<UnixMillis>(LoadU64(body));
  return true;
}

bool ParseEntry(std::string_view body, EntryRecord* entry) {
  if (!TakeDatabase(&body, &entry->database) || body.empty()) return false;
  const char flags = body[0];
  body.remove_prefix(1);
  entry->expiry = kNoExpiry;
  if ((flags & ~kExpires) != 0) return false;
  if (flags == kExpires) {
    if (body.size() < sizeof(uint64_t)) return false;
    entry->expiry = static_cast<UnixMillis>(LoadU64(body));
    body.remove_prefix(sizeof(uint64_t));
    if (entry->expiry == kNoExpiry) return false;
  }
  const std::optional<uint64_t> clock = TakeVarint(&body);
  if (!clock || *clock > kAccessClockMax) return false;
  entry->access_clock = static_cast<uint32_t>(*clock);
  const std::optional<std::string_view> key = TakeBytes(&body);
  if (!key) return false;
  entry->key = *key;
  entry->payload = body;
  return true;
}

bool ParseValue(std::string_view body, Record* record) {
  if (!ParseEntry(body, &record->entry) || record->entry.payload.size() != 1) return false;
  record->form = static_cast<RdbType>(record->entry.payload[0]);
  record->entry.payload = {};
  return true;
}

bool ParseValueEnd(std::string_view body, Record* record) {
  if (body.size() != sizeof(uint64_t)) return false;
  record->checksum = LoadU64(body);
  return true;
}

bool ParseEffect(std::string_view body, Record* record) {
  if (!TakeDatabase(&body, &record->database)) return false;
  const std::optional<uint64_t> count = TakeVarint(&body);
  // A word takes at least a byte.
  if (!count || *count == 0 || *count > std::min(kEffectWordsMax, body.size())) return false;
  record->words.clear();
  for (uint64_t i = 0; i < *count; ++i) {
    const std::optional<std::string_view> word = TakeBytes(&body);
    if (!word) return false;
    record->words.push_back(*word);
  }
  return body.empty();
}

bool ParseBody(std::string_view body, Record* record) {
  switch (record->kind) {
    case RecordKind::kTime:
      return ParseTime(body, record);
    case RecordKind::kEntry:
      return ParseEntry(body, &record->entry);
    case RecordKind::kEffect:
      return ParseEffect(body, record);
    case RecordKind::kFinal:
      return body.empty();
    case RecordKind::kValue:
      return ParseValue(body, record);
    case RecordKind::kPart:
      record->part = body;
      return true;
    case RecordKind::kValueEnd:
      return ParseValueEnd(body, record);
  }
  return false;
}

}  // namespace

void AppendTime(std::string* stream, UnixMillis now) {
  const Framed framed(stream, RecordKind::kTime);
  AppendU64(stream, static_cast<uint64_t>(now));
}

void AppendEntry(std::string* stream, const EntryRecord& entry) {
  const Framed framed(stream, RecordKind::kEntry);
  AppendEntryBody(stream, entry);
}

void AppendValue(std::string* stream, const EntryRecord& entry, RdbType form) {
  const char payload = static_cast<char>(form);
  const Framed framed(stream, RecordKind::kValue);
  EntryRecord record = entry;
  record.payload = {&payload, 1};
  AppendEntryBody(stream, record);
}

void AppendPart(std::string* stream, std::string_view elements) {
  const Framed framed(stream, RecordKind::kPart);
  *stream += elements;
}

void AppendValueEnd(std::string* stream, uint64_t checksum) {
  const Framed framed(stream, RecordKind::kValueEnd);
  AppendU64(stream, checksum);
}

void AppendEffect(std::string* stream, int database, Args words) {
  const Framed framed(stream, RecordKind::kEffect);
  AppendVarint(stream, static_cast<uint64_t>(database));
  AppendVarint(stream, words.size());
  for (const std::string_view word : words) AppendBytes(stream, word);
}

void AppendFinal(std::string* stream) { const Framed framed(stream, RecordKind::kFinal); }

ValueChecksum::ValueChecksum(RdbType form) {
  const char byte = static_cast<char>(form);
  value_ = Crc64(0, {&byte, 1});
}

void ValueChecksum::Add(std::string_view elements) { value_ = Crc64(value_, elements); }

void RecordReader::Feed(std::string_view bytes) {
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_ += bytes;
}

// Whether such a record may come here.
bool RecordReader::NestsWell(RecordKind kind) {
  switch (kind) {
    case RecordKind::kTime:
    case RecordKind::kEntry:
    case RecordKind::kEffect:
      return true;
    case RecordKind::kFinal:
      return values_open_ == 0;
    case RecordKind::kValue:
      return ++values_open_ <= kValuesOpenMax;
    case RecordKind::kPart:
      return values_open_ > 0;
    case RecordKind::kValueEnd:
      return --values_open_ >= 0;
  }
  return false;
}

absl::StatusOr<bool> RecordReader::Next(Record* record) {
  if (unread() < kRecordHeaderBytes) return false;
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  const auto kind = static_cast<uint8_t>(rest[0]);
  const uint64_t length = LoadU64(rest.substr(1));
  if (kind < static_cast<uint8_t>(RecordKind::kTime) ||
      kind > static_cast<uint8_t>(RecordKind::kValueEnd) || length > kRecordBytesMax) {
    return absl::InvalidArgumentError("the stream of the move is damaged");
  }
  if (rest.size() - kRecordHeaderBytes < length) return false;
  record->kind = static_cast<RecordKind>(kind);
  if (!ParseBody(rest.substr(kRecordHeaderBytes, length), record) || !NestsWell(record->kind)) {
    return absl::InvalidArgumentError("a record of the move is damaged");
  }
  at_ += kRecordHeaderBytes + length;
  return true;
}

}  // namespace slotmesh::node
