// Names of the running program's functions by address, out of its own file: for reports of a crash,
// when nothing may be allocated and no lock be taken.
//
// Thread-safe once made. The file stays mapped, which costs address space alone.
#ifndef SLOTMESH_NODE_APP_ELF_SYMBOLS_H_
#define SLOTMESH_NODE_APP_ELF_SYMBOLS_H_

#include <elf.h>

#include <cstddef>
#include <cstdint>

namespace slotmesh::node {

class ElfSymbols {
 public:
  struct Place {
    const char* name = nullptr;  // As the linker knows it; null if it is not known.
    uint64_t offset = 0;         // Of the address in the function.
  };

  // A program that is stripped, or no ELF file of this machine's kind, gives no names.
  explicit ElfSymbols(const char* path = "/proc/self/exe");
  ~ElfSymbols();
  ElfSymbols(const ElfSymbols&) = delete;
  ElfSymbols& operator=(const ElfSymbols&) = delete;

  Place Find(uintptr_t address) const;
  // Where the address is in the file's own terms, as addr2line takes it.
  uint64_t InFile(uintptr_t address) const { return address - bias_; }
  // The address is in the program, not in a library.
  bool Contains(uintptr_t address) const { return address >= bias_ && address < end_; }

 private:
  // The part of the file; null if it is not whole.
  const void* At(uint64_t offset, uint64_t size) const;
  void Read();

  const char* file_ = nullptr;
  size_t size_ = 0;
  uintptr_t bias_ = 0;  // Where the program was loaded.
  uintptr_t end_ = 0;
  const Elf64_Sym* symbols_ = nullptr;
  size_t count_ = 0;
  const char* names_ = nullptr;
  size_t names_size_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_ELF_SYMBOLS_H_
