// The stream of one slot move: records that, applied strictly in order, give the target what the
// source has in the moving slots.
//
//   Time     the source's wall time; commands behind it run at that time, so that both sides judge
//            expiry alike.
//   Entry    one key as it is at this place of the stream: database, key, expiry, access clock,
//            DUMP payload. Replaces the key if the target has it.
//   Value    the same of a big value, without the payload: its form alone.
//   Part     some elements of the value that was begun last and has not ended.
//   ValueEnd that value is whole, says its checksum; only now the key is there.
//   Effect   one command of the journal, with its database.
//   Final    the last one: nothing in these slots changes behind it.
//
// A key's Entry or Value, to its end, stands before any Effect that changes or reads it (the walk
// hands out a bucket before it is first changed), so there is no backlog beside the stream and no
// second pass. Records of other keys may stand between a value's parts; a big one that nobody could
// wait for does so as a whole, so that no more than kValuesOpenMax are begun at a time.
//
// Encoding: kind (1 byte), length of the body (8, little-endian), body; see records.cc. The stream
// is cut into Data frames anywhere. Kinds are never reused. Thread-compatible; RecordReader owns
// the bytes that it was fed and holds at most one unfinished record beyond one frame.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_RECORDS_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/codec/rdb_format.h"
#include "node/keyspace/entry.h"
#include "node/resp/args.h"

namespace slotmesh::node {

enum class RecordKind : uint8_t {
  kTime = 1,
  kEntry = 2,
  kEffect = 3,
  kFinal = 4,
  kValue = 5,
  kPart = 6,
  kValueEnd = 7,
};

// A record whose body is longer is refused, by the writer's side too.
inline constexpr size_t kRecordBytesMax = size_t{1} << 30;
inline constexpr size_t kRecordHeaderBytes = 9;
inline constexpr size_t kEffectWordsMax = size_t{1} << 20;
inline constexpr int kValuesOpenMax = 2;

struct EntryRecord {
  int database = 0;
  UnixMillis expiry = kNoExpiry;
  uint32_t access_clock = 0;  // 24 bits.
  std::string_view key;
  std::string_view payload;  // As DUMP gives it; of a Value nothing.
};

void AppendTime(std::string* stream, UnixMillis now);
void AppendEntry(std::string* stream, const EntryRecord& entry);
void AppendValue(std::string* stream, const EntryRecord& entry, RdbType form);
void AppendPart(std::string* stream, std::string_view elements);
// `checksum`: see ValueChecksum.
void AppendValueEnd(std::string* stream, uint64_t checksum);
void AppendEffect(std::string* stream, int database, Args words);
void AppendFinal(std::string* stream);

// What was read; which members count depends on the kind. Views are valid until the next call of
// the reader.
struct Record {
  RecordKind kind = RecordKind::kFinal;
  UnixMillis time = 0;
  EntryRecord entry;
  RdbType form = RdbType::kString;  // Of a value, as its bytes say: any number.
  std::string_view part;
  uint64_t checksum = 0;                // Of a value's end.
  int database = 0;                     // Of an effect.
  std::vector<std::string_view> words;  // Likewise; never empty.
};

// The CRC-64 of a value's form and all its elements, part by part.
class ValueChecksum {
 public:
  explicit ValueChecksum(RdbType form);
  void Add(std::string_view elements);
  uint64_t value() const { return value_; }

 private:
  uint64_t value_;
};

class RecordReader {
 public:
  void Feed(std::string_view bytes);
  // True: *record is the next one. False: it needs more bytes. Invalid argument for what is no
  // stream; the reader is of no use after that.
  absl::StatusOr<bool> Next(Record* record);
  // Bytes that belong to no record read so far.
  size_t unread() const { return buffer_.size() - at_; }

 private:
  bool NestsWell(RecordKind kind);

  std::string buffer_;
  size_t at_ = 0;
  int values_open_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_RECORDS_H_
