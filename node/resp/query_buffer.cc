#include "node/resp/query_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {

absl::Span<char> QueryBuffer::PrepareTail(size_t min) {
  if (capacity() - end_ < min) {
    const size_t used = size();
    if (capacity() >= used + min && begin_ >= used) {  // Cheap enough to move, and it suffices.
      std::memmove(bytes_.data(), bytes_.data() + begin_, used);
    } else {
      const size_t grown = used == 0 ? min : std::max(used + min, capacity() + capacity() / 2);
      OwnedBytes larger = OwnedBytes::Allocate(grown);
      if (used != 0) std::memcpy(larger.data(), data(), used);
      bytes_ = std::move(larger);
    }
    begin_ = 0;
    end_ = used;
  }
  return absl::Span<char>(bytes_.data() + end_, capacity() - end_);
}

void QueryBuffer::Release() {
  CHECK_EQ(size(), 0u);
  bytes_ = OwnedBytes();
  begin_ = end_ = 0;
}

}  // namespace slotmesh::node
