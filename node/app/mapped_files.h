// Which file (a library, a module) an address of this process belongs to: for reports of a crash,
// when nothing may be allocated and no lock be taken.
#ifndef SLOTMESH_NODE_APP_MAPPED_FILES_H_
#define SLOTMESH_NODE_APP_MAPPED_FILES_H_

#include <array>
#include <cstdint>

namespace slotmesh::node {

struct MappedPlace {
  std::array<char, 256> path;  // Ends with 0; cut if it is longer.
  uint64_t offset = 0;         // Of the address in the file, as addr2line takes it.
};

// False if it lies in no file, or the system does not say. Reads /proc/self/maps (proc(5)); safe in
// a handler of signals.
bool FindMappedFile(uintptr_t address, MappedPlace* place);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_MAPPED_FILES_H_
