// Appends values in RDB encoding to a string that the caller owns: lengths, strings, binary
// doubles, times.
//
// Thread-compatible; cannot fail. Byte for byte what Redis 7.0 writes. Cost: a copy of the bytes;
// compressing strings of more than 20 bytes if `compress` (LZF, kept only where it saves at least 4
// bytes).
#ifndef SLOTMESH_NODE_CODEC_RDB_WRITER_H_
#define SLOTMESH_NODE_CODEC_RDB_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "node/codec/key_place.h"
#include "node/codec/rdb_format.h"

namespace slotmesh::node {

// A string that was written as it is and may be packed later.
struct RdbPlainString {
  size_t begin;  // Of its length, in the writer's output.
  size_t body;
  size_t size;
};

// Appends to *out what `bytes` would be, had these strings (in their order) been compressed at
// once. Compressing is most of the work of writing: this lets another thread do it.
void PackStrings(std::string_view bytes, absl::Span<const RdbPlainString> strings,
                 std::string* out);

class RdbWriter {
 public:
  explicit RdbWriter(std::string* out, bool compress = true) : out_(out), compress_(compress) {}
  // Compresses nothing, and notes in *later what is worth a try.
  RdbWriter(std::string* out, std::vector<RdbPlainString>* later)
      : out_(out), compress_(false), later_(later) {}

  // Of the whole output.
  size_t size() const { return out_->size(); }
  void Byte(uint8_t byte) { out_->push_back(static_cast<char>(byte)); }
  void Type(RdbType type) { Byte(static_cast<uint8_t>(type)); }
  void Opcode(RdbOpcode opcode) { Byte(static_cast<uint8_t>(opcode)); }
  // 6, 14, 32 or 64 bits, whatever suffices.
  void Length(uint64_t length);
  // As an integer if it is the text of one of at most 32 bits, compressed, or as it is.
  void String(std::string_view bytes);
  // The same bytes as String() of its decimal text.
  void IntegerString(int64_t value);
  void BinaryDouble(double value);  // 8 bytes, little-endian.
  void Millis(int64_t unix_ms);     // 8 bytes, little-endian.
  void Raw(std::string_view bytes) { out_->append(bytes); }
  // Whose value is written, for types that want to know.
  void set_place(const KeyPlace& place) { place_ = place; }
  const KeyPlace& place() const { return place_; }

 private:
  bool SmallInteger(int64_t value);
  bool Compressed(std::string_view bytes);
  void LittleEndian(uint64_t value, int bytes);

  std::string* out_;
  bool compress_;
  std::vector<RdbPlainString>* later_ = nullptr;
  KeyPlace place_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_RDB_WRITER_H_
