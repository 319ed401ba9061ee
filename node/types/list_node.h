// One node of a list: a listpack in a buffer with room to grow at both ends, or its LZF form.
//
// Elements come and go at either end in O(1) amortised: the listpack's header moves with its first
// element, and a buffer that is full grows by half (at most to the list's node limit) on the side
// where the room is needed. Nodes are linked; the List owns them. Engine thread only. Positions are
// those of listpack.h, dead after any change. 48 bytes and the buffer.
#ifndef SLOTMESH_NODE_TYPES_LIST_NODE_H_
#define SLOTMESH_NODE_TYPES_LIST_NODE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "node/data/listpack.h"

namespace slotmesh::node {

class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode();

  ListNode* previous = nullptr;
  ListNode* next = nullptr;

  uint32_t count() const { return count_; }
  // Of the listpack, compressed or not; kListpackEmptySize without elements.
  size_t bytes() const { return bytes_; }
  size_t allocated() const { return capacity_; }
  bool compressed() const { return packed_ != 0; }

  // REQUIRES: !compressed(), and that there has been an element (an unused node has no bytes).
  ListpackView view() const { return ListpackView(buffer_ + front_); }
  // The same of any node: where it is compressed, `scratch` takes the bytes.
  ListpackView View(std::string& scratch) const;

  // --- Changes. REQUIRES: !compressed(). `limit` bounds the room to spare. ---
  void PushFront(const ListpackItem& item, size_t limit);
  void PushBack(const ListpackItem& item, size_t limit);
  // REQUIRES: count() > 0.
  void DropFront();
  void DropBack();
  // As Listpack::Splice. `at` is of view(), or its end().
  void Splice(ListpackPos at, uint32_t erase, std::span<const ListpackItem> items, size_t limit);
  // Takes over a copy of a valid listpack with `count` elements. REQUIRES: count() == 0.
  void Assign(std::string_view listpack, uint32_t count);
  // Elements from `at` on go to the end of `other`.
  void MoveTail(ListpackPos at, ListNode& other, size_t limit);
  void Clear();

  // Gives back room that is spare.
  void Trim();
  // Where it saves something; else nothing happens.
  void Compress();
  void Decompress();

  void CheckInvariants() const;

 private:
  void Start(size_t room);
  void MakeRoom(size_t bytes, bool at_front, size_t limit);
  void Reallocate(size_t capacity, size_t front);
  void WriteHeader();

  uint8_t* buffer_ = nullptr;
  uint32_t front_ = 0;  // Where in the buffer the listpack begins.
  uint32_t capacity_ = 0;
  uint32_t bytes_ = kListpackEmptySize;
  uint32_t count_ = 0;
  uint32_t packed_ = 0;  // Bytes of the LZF form, if that is what the buffer holds.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_LIST_NODE_H_
