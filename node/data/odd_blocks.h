// OddBlocks: memory for one owner's many small elements, for sizes that the allocator rounds up by
// a lot.
//
// The allocator's classes are 16 bytes apart up to 128, so an element of 17 to 24 bytes takes 32,
// one of 33 to 40 bytes 48. These two sizes come from chunks of 1 KiB here (24.4 and 41 bytes an
// element); all others go to the allocator as they are. How a block was allocated follows from its
// size alone, so it carries no header.
//
// Chunks that become empty are given back at once. If more than half of all room is free (many
// elements were erased here and there), sparse() says so, and Compact empties one chunk by moving
// its blocks into others: call it after each Free while sparse() holds, and the memory stays within
// twice of what is in use. A move touches at most 42 blocks.
//
// Thread-compatible; owns its chunks but not the blocks that come from the allocator: free those
// before destruction. Invariants: a chunk is in exactly one of its kind's lists, "roomy" if it has
// a free block, "full" otherwise; none is empty.
#ifndef SLOTMESH_NODE_DATA_ODD_BLOCKS_H_
#define SLOTMESH_NODE_DATA_ODD_BLOCKS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"

namespace slotmesh::node {

class OddBlocks {
 public:
  OddBlocks() = default;
  // Gives back all chunks, whatever is still in them.
  ~OddBlocks();
  OddBlocks(const OddBlocks&) = delete;
  OddBlocks& operator=(const OddBlocks&) = delete;

  // At least `bytes`, aligned to 8.
  void* Allocate(size_t bytes);
  // REQUIRES: `block` was allocated with the same size.
  void Free(void* block, size_t bytes);
  // Whether blocks of this size come from the allocator: the owner then has to free each.
  static bool IsPlain(size_t bytes) { return KindOf(bytes) < 0; }

  // How many blocks come from the allocator.
  uint64_t plain_blocks() const { return plain_; }

  bool sparse() const;
  // Moves the blocks of one chunk: move(from, to) copies a block's bytes and changes whatever
  // points to it.
  void Compact(absl::FunctionRef<void(void* from, void* to)> move);

  // Bytes of the chunks (not of plain blocks).
  size_t MemoryUsage() const;
  void CheckInvariants() const;

 private:
  struct Chunk;
  struct Kind {
    Chunk* roomy = nullptr;
    Chunk* full = nullptr;
    uint64_t chunks = 0;
    uint64_t live = 0;  // Blocks in use.
  };
  static constexpr size_t kSizes[] = {24, 40};
  static constexpr int kKinds = 2;

  static int KindOf(size_t bytes) {
    const size_t words = (bytes + 7) / 8;
    return words == 3 ? 0 : words == 5 ? 1 : -1;
  }
  static int Capacity(int kind);
  bool IsSparse(int kind) const;
  void* Take(int kind);
  void Give(int kind, void* block);
  void CompactKind(int kind, absl::FunctionRef<void(void* from, void* to)> move);

  std::array<Kind, kKinds> kinds_;
  uint64_t plain_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_ODD_BLOCKS_H_
