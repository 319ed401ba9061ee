// Bytes of one connection that were read and are not yet used up: filled at the tail, emptied at
// the front.
//
// Thread-compatible. Views into it stay valid until PrepareTail(), Release() or destruction:
// consuming moves nothing. Invariants: begin <= end <= capacity. Cost: amortised O(1) per byte;
// bytes move to the front only in PrepareTail(), and only when the tail is short of room.
#ifndef SLOTMESH_NODE_RESP_QUERY_BUFFER_H_
#define SLOTMESH_NODE_RESP_QUERY_BUFFER_H_

#include <cstddef>
#include <string_view>

#include "absl/types/span.h"
#include "node/resp/owned_bytes.h"

namespace slotmesh::node {

class QueryBuffer {
 public:
  // Free space of at least `min` bytes after the contents.
  absl::Span<char> PrepareTail(size_t min);
  void CommitTail(size_t n) { end_ += n; }
  void Consume(size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  // Drops the newest n bytes. REQUIRES: n <= size().
  void DropTail(size_t n) { end_ -= n; }

  const char* data() const { return bytes_.data() + begin_; }
  size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {data(), size()}; }
  size_t capacity() const { return bytes_.capacity(); }
  bool owns_memory() const { return capacity() != 0; }
  // Gives the memory back. REQUIRES: size() == 0.
  void Release();

 private:
  OwnedBytes bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_QUERY_BUFFER_H_
