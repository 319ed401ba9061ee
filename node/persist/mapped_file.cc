#include "node/persist/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "slots/strings.h"

namespace slotmesh::node {

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string text = StrCat("cannot open ", path, " for reading: ", std::strerror(errno));
    return errno == ENOENT ? absl::NotFoundError(text) : absl::UnavailableError(text);
  }
  struct stat about {};
  void* address = nullptr;
  bool mapped = fstat(fd, &about) == 0;
  const auto size = static_cast<size_t>(about.st_size);
  if (mapped && size > 0) {
    address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    mapped = address != MAP_FAILED;
    if (mapped) madvise(address, size, MADV_SEQUENTIAL);
  }
  const int error = errno;
  close(fd);
  if (!mapped)
    return absl::UnavailableError(StrCat("cannot read ", path, ": ", std::strerror(error)));
  return MappedFile({static_cast<const char*>(address), size});
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace slotmesh::node
