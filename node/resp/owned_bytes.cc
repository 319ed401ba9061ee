#include "node/resp/owned_bytes.h"

#include <algorithm>
#include <cstring>

#include "slots/check.h"

namespace slotmesh::node {

OwnedBytes OwnedBytes::Allocate(size_t capacity) {
  CHECK_GT(capacity, 0u);
  OwnedBytes bytes;
  bytes.data_.reset(static_cast<char*>(std::malloc(capacity)));
  CHECK(bytes.data_ != nullptr);
  bytes.capacity_ = capacity;
  return bytes;
}

OwnedBytes OwnedBytes::Copy(std::string_view source) {
  OwnedBytes bytes = Allocate(std::max<size_t>(source.size(), 1));
  if (!source.empty()) std::memcpy(bytes.data(), source.data(), source.size());
  bytes.size_ = source.size();
  return bytes;
}

void OwnedBytes::Reallocate(size_t capacity) {
  CHECK_GT(capacity, 0u);
  char* moved = static_cast<char*>(std::realloc(data_.get(), capacity));
  CHECK(moved != nullptr);
  (void)data_.release();
  data_.reset(moved);
  capacity_ = capacity;
  size_ = std::min(size_, capacity);
}

}  // namespace slotmesh::node
