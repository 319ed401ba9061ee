// A block of bytes from malloc with one owner: how a big argument travels from the socket into a
// value, and a big value into a reply, without copies. Movable; thread-compatible. release() gives
// the block to someone who frees it with free(3).
#ifndef SLOTMESH_NODE_RESP_OWNED_BYTES_H_
#define SLOTMESH_NODE_RESP_OWNED_BYTES_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace slotmesh::node {

class OwnedBytes {
 public:
  OwnedBytes() = default;
  OwnedBytes(OwnedBytes&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  OwnedBytes& operator=(OwnedBytes&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  // Uninitialised. REQUIRES: capacity > 0.
  static OwnedBytes Allocate(size_t capacity);
  static OwnedBytes Copy(std::string_view bytes);

  char* data() { return data_.get(); }
  const char* data() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {data_.get(), size_}; }
  // REQUIRES: size <= capacity().
  void set_size(size_t size) { size_ = size; }
  // Keeps the first min(size, capacity) bytes.
  void Reallocate(size_t capacity);
  // The block; the caller frees it.
  char* release() {
    size_ = capacity_ = 0;
    return data_.release();
  }

 private:
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  std::unique_ptr<char, Free> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_OWNED_BYTES_H_
