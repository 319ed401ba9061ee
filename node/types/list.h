// The list: strings in an order, both ends cheap.
//
// A list is a chain of compact nodes (list_node.h), each below a limit of bytes or elements
// (list-max-listpack-size). While all of it fits below the limit it is one node and called a
// listpack; beyond that a quicklist, of which all nodes but some at each end may be compressed
// (list-compress-depth). A quicklist that shrinks to one node of half the limit becomes a listpack
// again. The first node lies within the object.
//
// Engine thread only, apart from Free of an unreachable one. Owns its nodes. Invariants: size() is
// the sum of the nodes' counts, no node of several is empty, a listpack has at most one node and it
// is not compressed. Cost: Push and Pop O(1) amortised; access by index O(nodes) from the nearer
// end; what looks for a value O(n). Views of elements are valid until the next change.
#ifndef SLOTMESH_NODE_TYPES_LIST_H_
#define SLOTMESH_NODE_TYPES_LIST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "node/codec/rdb_reader.h"
#include "node/data/listpack.h"
#include "node/types/list_node.h"
#include "node/types/type_settings.h"
#include "node/types/value_loader.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

const ValueType& ListType();

enum class ListEnd : uint8_t { kHead = 0, kTail = 1 };

class List : public Object {
 public:
  static constexpr ValueKind kKind = ValueKind::kList;

  List() : Object(ListType()) {}
  ~List();

  // Longest string that a list can hold.
  static constexpr size_t kElementMax = kListpackBytesMax - 64;

  uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Encoding encoding() const { return chain_ ? Encoding::kQuicklist : Encoding::kListpack; }
  uint32_t node_count() const { return nodes_; }

  // To be called before `elements` strings of together `bytes` are added: from then on the list is
  // a quicklist, if they would not fit into a listpack.
  void ExpectGrowth(size_t bytes, size_t elements, const TypeSettings& settings);
  // To be called after a change that may have made the list smaller: a listpack again, if it has
  // become half as long as one may be.
  void SettleAfterShrinking(const TypeSettings& settings);

  // Strings are at most kElementMax long and no views of this list; so everywhere.
  void Push(ListEnd end, const ListpackItem& item, const TypeSettings& settings);
  // The first or last element. REQUIRES: !empty().
  ListpackValue Peek(ListEnd end) const;
  // Removes it. REQUIRES: !empty().
  void Drop(ListEnd end, const TypeSettings& settings);

  // False if there is no element with this index (from the end if negative). The value may lie in
  // `scratch`.
  bool At(int64_t index, std::string& scratch, ListpackValue* value) const;
  // Visits elements from `first` on, at most `count`, backwards from it if so, until `visit` says
  // false. REQUIRES: first < size() or count == 0.
  template <typename Visit>
  void Walk(uint64_t first, uint64_t count, bool backwards, Visit visit) const;

  // Replaces the element. False if there is none.
  bool Set(int64_t index, const ListpackItem& item, const TypeSettings& settings);
  // Puts `item` before or behind the first element that is like `pivot`. False if there is none.
  bool Insert(const ListpackItem& pivot, bool before, const ListpackItem& item,
              const TypeSettings& settings);
  // Removes elements from index `first` on. REQUIRES: first + count <= size().
  void Erase(uint64_t first, uint64_t count, const TypeSettings& settings);
  // Removes up to `max` elements like `item`, from the head or from the tail on; says how many.
  uint64_t Remove(const ListpackItem& item, uint64_t max, ListEnd from,
                  const TypeSettings& settings);

  // A loaded node's listpack, kept as it is where it is within the limits.
  void AppendNode(std::string_view listpack, const TypeSettings& settings);
  // After loading: a listpack, if all fits into one.
  void SettleAfterLoading(const TypeSettings& settings);

  const ListNode* head() const { return head_; }
  List* Copy() const;
  void CheckInvariants() const;

 private:
  friend class ListValueType;

  struct Place {
    ListNode* node = nullptr;
    uint64_t index = 0;  // Within the node.
  };

  Place Locate(uint64_t index) const;
  ListNode* NewNode(ListNode* after);
  void Unlink(ListNode* node);
  void InsertAt(ListNode* node, ListpackPos at, const ListpackItem& item,
                const TypeSettings& settings);
  // Joins the node with a neighbour if both fit into one.
  void Merge(ListNode* node, const TypeSettings& settings);
  // Compresses and decompresses as nodes' distance from the ends wants it; `changed` may be null.
  void Recompress(ListNode* changed, const TypeSettings& settings);
  bool IsInterior(const ListNode* node, int64_t depth) const;

  ListNode* head_ = nullptr;
  ListNode* tail_ = nullptr;
  uint64_t size_ = 0;
  uint32_t nodes_ = 0;
  bool chain_ = false;
  bool first_used_ = false;
  ListNode first_;
};

// The list that a body of one of its forms holds; the caller owns it.
absl::StatusOr<Object*> LoadList(RdbType form, RdbReader& reader, const TypeSettings& settings);
// See NewValueLoader. REQUIRES: a list's form, but for kListZiplist.
std::unique_ptr<ValueLoader> NewListLoader(RdbType form, const TypeSettings& settings);

// --- Implementation. ---

template <typename Visit>
void List::Walk(uint64_t first, uint64_t count, bool backwards, Visit visit) const {
  if (count == 0) return;
  const Place place = Locate(first);
  const ListNode* node = place.node;
  std::string scratch;
  ListpackView view = node->View(scratch);
  ListpackPos at = view.At(static_cast<int64_t>(place.index));
  for (;;) {
    if (!visit(ListpackView::Get(at)) || --count == 0) return;
    at = backwards ? view.Previous(at) : view.Next(at);
    if (at != nullptr) continue;
    node = backwards ? node->previous : node->next;
    if (node == nullptr) return;
    view = node->View(scratch);
    at = backwards ? view.Last() : view.First();
  }
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_LIST_H_
