#include "node/app/elf_symbols.h"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace slotmesh::node {
namespace {

struct Image {
  uintptr_t bias = 0;
  uintptr_t end = 0;
};

// The first one is the program itself.
int NoteFirst(dl_phdr_info* info, size_t, void* data) {
  auto* image = static_cast<Image*>(data);
  image->bias = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    image->end = std::max<uintptr_t>(image->end, image->bias + segment.p_vaddr + segment.p_memsz);
  }
  return 1;
}

}  // namespace

ElfSymbols::ElfSymbols(const char* path) {
  Image image;
  dl_iterate_phdr(&NoteFirst, &image);
  bias_ = image.bias;
  end_ = image.end;
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  struct stat status = {};
  if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
    size_ = static_cast<size_t>(status.st_size);
    void* mapped = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapped != MAP_FAILED) file_ = static_cast<const char*>(mapped);
  }
  close(descriptor);
  if (file_ != nullptr) Read();
}

ElfSymbols::~ElfSymbols() {
  if (file_ != nullptr) munmap(const_cast<char*>(file_), size_);
}

const void* ElfSymbols::At(uint64_t offset, uint64_t size) const {
  return offset > size_ || size > size_ - offset ? nullptr : file_ + offset;
}

void ElfSymbols::Read() {
  const auto* header = static_cast<const Elf64_Ehdr*>(At(0, sizeof(Elf64_Ehdr)));
  if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_shentsize != sizeof(Elf64_Shdr)) return;
  const auto* sections = static_cast<const Elf64_Shdr*>(
      At(header->e_shoff, uint64_t{header->e_shnum} * sizeof(Elf64_Shdr)));
  for (int i = 0; sections != nullptr && i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= header->e_shnum) continue;
    const Elf64_Shdr& names = sections[sections[i].sh_link];
    const void* text = At(names.sh_offset, names.sh_size);
    const void* symbols = At(sections[i].sh_offset, sections[i].sh_size);
    // Names end with a zero; so must the last one.
    if (text == nullptr || symbols == nullptr || names.sh_size == 0) return;
    names_ = static_cast<const char*>(text);
    names_size_ = names.sh_size;
    if (names_[names_size_ - 1] != '\0') return;
    symbols_ = static_cast<const Elf64_Sym*>(symbols);
    count_ = sections[i].sh_size / sizeof(Elf64_Sym);
    return;
  }
}

ElfSymbols::Place ElfSymbols::Find(uintptr_t address) const {
  if (!Contains(address)) return {};
  const uint64_t wanted = InFile(address);
  for (size_t i = 0; i < count_; ++i) {
    const Elf64_Sym& symbol = symbols_[i];
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_name >= names_size_) continue;
    if (wanted >= symbol.st_value && wanted - symbol.st_value < symbol.st_size) {
      return {names_ + symbol.st_name, wanted - symbol.st_value};
    }
  }
  return {};
}

}  // namespace slotmesh::node
