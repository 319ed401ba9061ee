// Reads values in RDB encoding from bytes that the caller keeps alive.
//
// Thread-compatible. Each call returns false at the end of the bytes or at malformed ones; the
// reader then stays failed and status() says what was wrong, and where. Never allocates more than
// LZF's best ratio (88) times the bytes that are there.
#ifndef SLOTMESH_NODE_CODEC_RDB_READER_H_
#define SLOTMESH_NODE_CODEC_RDB_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "node/codec/key_place.h"
#include "node/codec/rdb_format.h"

namespace slotmesh::node {

class RdbReader {
 public:
  explicit RdbReader(std::string_view bytes) : bytes_(bytes) {}

  bool Byte(uint8_t* byte);
  bool Length(uint64_t* length);
  // *value is a view into the bytes, or into *scratch where the string was packed.
  bool String(std::string_view* value, std::string* scratch);
  bool BinaryDouble(double* value);
  bool Millis(int64_t* unix_ms);
  // The next n bytes as they are.
  bool Raw(uint64_t n, std::string_view* bytes);

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return remaining() == 0; }
  // OK as long as no call has failed.
  absl::Status status() const;
  // Whose value is read, for types that want to know.
  void set_place(const KeyPlace& place) { place_ = place; }
  const KeyPlace& place() const { return place_; }
  // For readers of what strings contain: "what" is wrong here. Returns false.
  bool Fail(const char* what);
  // The same for a value that has been read to its end and holds nothing, which no key may have.
  // Old servers have left such keys in their files: who can do without the value passes over it.
  bool FailEmpty(const char* what);
  bool found_empty() const { return found_empty_; }
  // REQUIRES: found_empty(). Reading goes on behind the value.
  void PassOverEmpty();

 private:
  bool LengthOrForm(uint64_t* length, bool* is_form);
  bool PackedString(uint64_t form, std::string_view* value, std::string* scratch);
  bool IntegerString(int bytes, std::string* scratch);
  bool LzfString(std::string* scratch);
  bool BigEndian(int bytes, uint64_t* value);
  bool LittleEndian(int bytes, uint64_t* value);

  std::string_view bytes_;
  size_t position_ = 0;
  const char* failure_ = nullptr;
  bool found_empty_ = false;  // It is what failure_ says.
  KeyPlace place_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_RDB_READER_H_
