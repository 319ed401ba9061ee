#include "node/app/mapped_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace slotmesh::node {
namespace {

// A hexadecimal number and the character behind it.
bool TakeNumber(std::string_view* line, uint64_t* number) {
  const auto [end, error] =
      std::from_chars(line->data(), line->data() + line->size(), *number, /*base=*/16);
  if (error != std::errc() || end == line->data() + line->size()) return false;
  line->remove_prefix(static_cast<size_t>(end - line->data()) + 1);
  return true;
}

// "begin-end rights offset device inode    /path"
bool IsIn(std::string_view line, uintptr_t address, MappedPlace* place) {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t offset = 0;
  if (!TakeNumber(&line, &begin) || !TakeNumber(&line, &end)) return false;
  if (address < begin || address >= end) return false;
  line.remove_prefix(std::min(line.find(' '), line.size() - 1) + 1);
  if (!TakeNumber(&line, &offset)) return false;
  line.remove_prefix(std::min(line.find('/'), line.size()));
  const size_t size = std::min(line.size(), place->path.size() - 1);
  std::memcpy(place->path.data(), line.data(), size);
  place->path[size] = '\0';
  place->offset = address - begin + offset;
  return size > 0;
}

}  // namespace

bool FindMappedFile(uintptr_t address, MappedPlace* place) {
  const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (maps < 0) return false;
  std::array<char, 4096> buffer;
  size_t size = 0;
  bool found = false;
  while (!found) {
    const ssize_t got = read(maps, buffer.data() + size, buffer.size() - size);
    if (got <= 0) break;
    size += static_cast<size_t>(got);
    std::string_view rest(buffer.data(), size);
    for (size_t end = rest.find('\n'); end != std::string_view::npos && !found;
         end = rest.find('\n')) {
      found = IsIn(rest.substr(0, end), address, place);
      rest.remove_prefix(end + 1);
    }
    // A line that fills all is none of those that are looked for.
    size = rest.size() == buffer.size() ? 0 : rest.size();
    std::memmove(buffer.data(), rest.data(), size);
  }
  close(maps);
  return found;
}

}  // namespace slotmesh::node
