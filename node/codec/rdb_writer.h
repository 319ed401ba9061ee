// Appends values in RDB encoding to a string that the caller owns: lengths, strings, binary
// doubles, times.
//
// Thread-compatible; cannot fail. Byte for byte what Redis 7.0 writes. Cost: a copy of the bytes;
// compressing strings of more than 20 bytes if `compress` (LZF, kept only where it saves at least 4
// bytes).
#ifndef SLOTMESH_NODE_CODEC_RDB_WRITER_H_
#define SLOTMESH_NODE_CODEC_RDB_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "node/codec/rdb_format.h"

namespace slotmesh::node {

class RdbWriter {
 public:
  explicit RdbWriter(std::string* out, bool compress = true) : out_(out), compress_(compress) {}

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

 private:
  bool SmallInteger(int64_t value);
  bool Compressed(std::string_view bytes);
  void LittleEndian(uint64_t value, int bytes);

  std::string* out_;
  bool compress_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_RDB_WRITER_H_
