// The id of a stream's entry: milliseconds and a number within them, ordered.
//
// A plain value; functions are pure.
#ifndef SLOTMESH_NODE_TYPES_STREAM_ID_H_
#define SLOTMESH_NODE_TYPES_STREAM_ID_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slotmesh::node {

struct StreamId {
  uint64_t ms = 0;
  uint64_t seq = 0;

  friend constexpr auto operator<=>(const StreamId&, const StreamId&) = default;
  constexpr bool is_zero() const { return ms == 0 && seq == 0; }

  // The id behind (before) this one. False, and *this is the least (greatest), if there is none.
  constexpr bool Increment() {
    if (++seq != 0) return true;
    return ++ms != 0;
  }
  constexpr bool Decrement() {
    const bool any = !is_zero();
    if (seq-- == 0) --ms;
    return any;
  }
};

inline constexpr StreamId kStreamIdMax = {UINT64_MAX, UINT64_MAX};

inline constexpr size_t kStreamIdTextMax = 41;

// "ms-seq"; made for one expression: StreamIdText(id) is a view as long as it lives.
class StreamIdText {
 public:
  explicit StreamIdText(StreamId id);
  operator std::string_view() const { return {text_, size_}; }  // NOLINT: meant as a conversion.

 private:
  char text_[kStreamIdTextMax];
  size_t size_;
};

// 16 bytes, big-endian: the form of ids in serialised streams.
inline constexpr size_t kStreamIdBytes = 16;
void EncodeStreamId(StreamId id, char* out);
// REQUIRES: kStreamIdBytes bytes.
StreamId DecodeStreamId(std::string_view bytes);

// What a word says of an id.
struct ParsedStreamId {
  StreamId id;
  bool any_seq = false;  // "ms-*": the number is to be found.
};
enum class StreamIdForm : uint8_t {
  kStrict = 0,    // ms or ms-seq
  kWithEnds = 1,  // ... or - or +, the least and the greatest id.
  kAnySeq = 2,    // ms, ms-seq or ms-*
};
// False if the word is none. `missing_seq` completes "ms". Numbers are read as strtoull reads them,
// which is more than ParseUint64 accepts.
bool ParseStreamId(std::string_view word, StreamIdForm form, uint64_t missing_seq,
                   ParsedStreamId* parsed);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_STREAM_ID_H_
