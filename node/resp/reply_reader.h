// Reads RESP2 and RESP3 replies incrementally into values: for clients (the command line,
// replication) and tests.
//
// Thread-compatible. The reader owns the bytes fed and not yet used; a value owns its content.
// Bounded by ReplyLimits: bytes that go beyond, or that are no RESP, give an error, after which the
// reader stays in it. An aggregate's announced length reserves no memory by itself. Cost: nothing
// is parsed twice.
#ifndef SLOTMESH_NODE_RESP_REPLY_READER_H_
#define SLOTMESH_NODE_RESP_REPLY_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace slotmesh::node {

// Explicit numbers are the RESP markers.
enum class ReplyKind : char {
  kSimple = '+',
  kError = '-',
  kInteger = ':',
  kBulk = '$',
  kArray = '*',
  kNull = '_',
  kDouble = ',',
  kBool = '#',
  kBigNumber = '(',
  kVerbatim = '=',
  kMap = '%',  // Elements: key, value, key, value...
  kSet = '~',
  kPush = '>',
};

struct ReplyValue {
  ReplyKind kind = ReplyKind::kNull;
  int64_t integer = 0;  // kInteger; kBool as 0 or 1.
  double number = 0;    // kDouble.
  std::string text;     // Text of kSimple, kError (code and all), kBulk, kBigNumber, kDouble;
                        // kVerbatim without format.
  std::string
      format;  // kVerbatim's, such as "txt"; kBulk's is "!" if it came as a RESP3 bulk error.
  std::vector<ReplyValue> elements;
  std::vector<ReplyValue> attributes;  // Keys and values, alternately, that came before this value.

  bool is_null() const { return kind == ReplyKind::kNull; }
  bool is_error() const { return kind == ReplyKind::kError; }
  // One line for failure messages: `[1, "a", nil, (error) ERR x]`.
  std::string DebugString() const;
};

struct ReplyLimits {
  int depth = 32;
  size_t bulk_bytes = 512ull * 1024 * 1024;
  size_t line_bytes = 64 * 1024;
  size_t elements = 64ull * 1024 * 1024;  // Of one reply, all levels together.
};

class ReplyReader {
 public:
  explicit ReplyReader(const ReplyLimits& limits = {}) : limits_(limits) {}

  void Feed(std::string_view bytes);
  // The next whole reply; nothing if more bytes are needed.
  absl::StatusOr<std::optional<ReplyValue>> Next();
  size_t buffered_bytes() const { return buffer_.size() - pos_; }

 private:
  struct Open {
    ReplyValue value;
    size_t left;
    bool is_attribute;
  };

  enum class Outcome : uint8_t { kWhole, kOpened, kNeedMore };

  absl::Status Fail(std::string_view what);
  // Reads one value, or an aggregate's header, at pos_: *value then is whole, or was put into
  // open_.
  absl::StatusOr<Outcome> Read(ReplyValue* value);
  absl::StatusOr<Outcome> ReadSized(char kind, std::string_view number, size_t line_end,
                                    ReplyValue* value);
  absl::StatusOr<Outcome> ReadAggregate(char kind, std::string_view number, ReplyValue* value);
  absl::StatusOr<Outcome> ReadScalar(char kind, std::string_view text, ReplyValue* value);
  // Puts a whole value where it belongs; true if that makes *value a whole reply.
  bool Place(ReplyValue* value);

  ReplyLimits limits_;
  std::string buffer_;
  size_t pos_ = 0;
  size_t scanned_ = 0;
  std::vector<Open> open_;
  std::vector<ReplyValue> attributes_;  // For the next value.
  size_t elements_ = 0;                 // Announced so far for the reply in progress.
  absl::Status failed_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_REPLY_READER_H_
