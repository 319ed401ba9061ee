// A whole file's bytes, mapped for reading from front to end.
//
// Move-only; thread-compatible.
#ifndef SLOTMESH_NODE_PERSIST_MAPPED_FILE_H_
#define SLOTMESH_NODE_PERSIST_MAPPED_FILE_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace slotmesh::node {

class MappedFile {
 public:
  // NOT_FOUND if there is no such file; UNAVAILABLE, with what the system said, for others.
  static absl::StatusOr<MappedFile> Open(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;

  // Valid as long as this is.
  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_MAPPED_FILE_H_
