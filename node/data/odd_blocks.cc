#include "node/data/odd_blocks.h"

#include <bitset>
#include <cstring>
#include <new>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr size_t kChunkSize = 1024;
constexpr uint64_t kNone = 0xff;
// Fewer chunks than this are not worth compacting.
constexpr uint64_t kCompactMin = 4;
// Among how many chunks the emptiest is looked for.
constexpr int kCompactTries = 8;

}  // namespace

// A header of 16 bytes, then the blocks. A free block begins with the number of the next free one;
// blocks from `fresh` on were never used.
struct OddBlocks::Chunk {
  uint64_t next_bits : 48 = 0;
  uint64_t live : 8 = 0;
  uint64_t free_head : 8 = kNone;
  uint64_t previous_bits : 48 = 0;
  uint64_t fresh : 8 = 0;

  Chunk* next() const { return reinterpret_cast<Chunk*>(next_bits); }
  Chunk* previous() const { return reinterpret_cast<Chunk*>(previous_bits); }
  void set_next(Chunk* chunk) { next_bits = reinterpret_cast<uint64_t>(chunk); }
  void set_previous(Chunk* chunk) { previous_bits = reinterpret_cast<uint64_t>(chunk); }

  uint8_t* Block(int kind, uint64_t index) {
    return reinterpret_cast<uint8_t*>(this) + sizeof(Chunk) + index * kSizes[kind];
  }
  static Chunk* Of(void* block) {
    return reinterpret_cast<Chunk*>(reinterpret_cast<uintptr_t>(block) & ~(kChunkSize - 1));
  }
  void Link(Chunk*& head) {
    set_next(head);
    set_previous(nullptr);
    if (head != nullptr) head->set_previous(this);
    head = this;
  }
  void Unlink(Chunk*& head) {
    if (next() != nullptr) next()->set_previous(previous());
    if (previous() != nullptr) {
      previous()->set_next(next());
    } else {
      head = next();
    }
  }
  static void Delete(Chunk* chunk) { ::operator delete (chunk, std::align_val_t{kChunkSize}); }
};

int OddBlocks::Capacity(int kind) {
  static_assert(sizeof(Chunk) == 16);
  return static_cast<int>((kChunkSize - sizeof(Chunk)) / kSizes[kind]);
}

OddBlocks::~OddBlocks() {
  for (const Kind& kind : kinds_) {
    for (Chunk* list : {kind.roomy, kind.full}) {
      while (list != nullptr) {
        Chunk* const next = list->next();
        Chunk::Delete(list);
        list = next;
      }
    }
  }
}

void* OddBlocks::Allocate(size_t bytes) {
  const int kind = KindOf(bytes);
  if (kind >= 0) return Take(kind);
  ++plain_;
  return ::operator new(bytes);
}

void OddBlocks::Free(void* block, size_t bytes) {
  const int kind = KindOf(bytes);
  if (kind >= 0) return Give(kind, block);
  --plain_;
  ::operator delete(block);
}

void* OddBlocks::Take(int kind_index) {
  Kind& kind = kinds_[kind_index];
  Chunk* chunk = kind.roomy;
  if (chunk == nullptr) {
    chunk = new (::operator new (kChunkSize, std::align_val_t{kChunkSize})) Chunk;
    chunk->Link(kind.roomy);
    ++kind.chunks;
  }
  uint8_t* block;
  if (chunk->free_head != kNone) {
    block = chunk->Block(kind_index, chunk->free_head);
    chunk->free_head = *block;
  } else {
    block = chunk->Block(kind_index, chunk->fresh++);
  }
  ++kind.live;
  if (++chunk->live == static_cast<uint64_t>(Capacity(kind_index))) {
    chunk->Unlink(kind.roomy);
    chunk->Link(kind.full);
  }
  return block;
}

void OddBlocks::Give(int kind_index, void* block) {
  Kind& kind = kinds_[kind_index];
  Chunk* const chunk = Chunk::Of(block);
  if (chunk->live == static_cast<uint64_t>(Capacity(kind_index))) {
    chunk->Unlink(kind.full);
    chunk->Link(kind.roomy);
  }
  *static_cast<uint8_t*>(block) = static_cast<uint8_t>(chunk->free_head);
  chunk->free_head =
      (static_cast<uint8_t*>(block) - chunk->Block(kind_index, 0)) / kSizes[kind_index];
  --kind.live;
  if (--chunk->live != 0) return;
  chunk->Unlink(kind.roomy);
  Chunk::Delete(chunk);
  --kind.chunks;
}

bool OddBlocks::IsSparse(int kind) const {
  return kinds_[kind].chunks >= kCompactMin &&
         kinds_[kind].live * 2 < kinds_[kind].chunks * static_cast<uint64_t>(Capacity(kind));
}

bool OddBlocks::sparse() const { return IsSparse(0) || IsSparse(1); }

void OddBlocks::Compact(absl::FunctionRef<void(void* from, void* to)> move) {
  for (int kind = 0; kind < kKinds; ++kind) {
    if (IsSparse(kind)) CompactKind(kind, move);
  }
}

void OddBlocks::CompactKind(int kind_index, absl::FunctionRef<void(void* from, void* to)> move) {
  Kind& kind = kinds_[kind_index];
  Chunk* chunk = kind.roomy;
  int tries = kCompactTries;
  for (Chunk* other = chunk->next(); other != nullptr && --tries > 0; other = other->next()) {
    if (other->live < chunk->live) chunk = other;
  }
  std::bitset<64> free;
  for (uint64_t i = chunk->free_head; i != kNone; i = *chunk->Block(kind_index, i)) free.set(i);
  chunk->Unlink(kind.roomy);
  for (uint64_t i = 0; i < chunk->fresh; ++i) {
    if (!free[i]) move(chunk->Block(kind_index, i), Take(kind_index));
  }
  kind.live -= chunk->live;
  --kind.chunks;
  Chunk::Delete(chunk);
}

size_t OddBlocks::MemoryUsage() const { return (kinds_[0].chunks + kinds_[1].chunks) * kChunkSize; }

void OddBlocks::CheckInvariants() const {
  for (int i = 0; i < kKinds; ++i) {
    const uint64_t capacity = static_cast<uint64_t>(Capacity(i));
    uint64_t chunks = 0;
    uint64_t live = 0;
    for (Chunk* list : {kinds_[i].roomy, kinds_[i].full}) {
      const Chunk* previous = nullptr;
      for (Chunk* chunk = list; chunk != nullptr; chunk = chunk->next()) {
        CHECK(chunk->previous() == previous);
        previous = chunk;
        CHECK(chunk->live > 0);
        CHECK_EQ(chunk->live == capacity, list == kinds_[i].full);
        uint64_t free = capacity - chunk->fresh;
        for (uint64_t at = chunk->free_head; at != kNone; at = *chunk->Block(i, at)) {
          CHECK_LT(at, static_cast<uint64_t>(chunk->fresh));
          ++free;
        }
        CHECK_EQ(free + chunk->live, capacity);
        ++chunks;
        live += chunk->live;
      }
    }
    CHECK_EQ(chunks, kinds_[i].chunks);
    CHECK_EQ(live, kinds_[i].live);
  }
}

}  // namespace slotmesh::node
