#include "node/types/list.h"

#include <algorithm>
#include <span>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

// What list-max-listpack-size means: a positive number is elements (and no more bytes than
// kSafetyBytes), a negative one stands for bytes.
constexpr size_t kSafetyBytes = 8192;
constexpr size_t kByteLimits[] = {4096, 8192, 16384, 32768, 65536};
constexpr size_t kCountMax = 65534;

struct NodeLimit {
  size_t bytes;
  size_t count;

  bool Exceeds(size_t of_bytes, size_t of_count) const {
    return of_bytes > bytes || of_count > count;
  }
};

NodeLimit LimitOf(const TypeSettings& settings) {
  const int64_t fill = settings.list_max_listpack_size;
  if (fill >= 0)
    return {kSafetyBytes, static_cast<size_t>(std::clamp<int64_t>(fill, 1, kCountMax))};
  const size_t level = static_cast<size_t>(-(fill + 1));
  return {kByteLimits[std::min(level, std::size(kByteLimits) - 1)], kCountMax};
}

bool Fits(const ListNode& node, const ListpackItem& item, const NodeLimit& limit) {
  return !limit.Exceeds(node.bytes() + item.EncodedSize(), node.count() + size_t{1});
}

}  // namespace

List::~List() {
  while (head_ != nullptr) Unlink(head_);
}

ListNode* List::NewNode(ListNode* after) {
  ListNode* node = std::exchange(first_used_, true) ? new ListNode : &first_;
  node->previous = after;
  node->next = after == nullptr ? head_ : after->next;
  (node->previous == nullptr ? head_ : node->previous->next) = node;
  (node->next == nullptr ? tail_ : node->next->previous) = node;
  ++nodes_;
  return node;
}

void List::Unlink(ListNode* node) {
  (node->previous == nullptr ? head_ : node->previous->next) = node->next;
  (node->next == nullptr ? tail_ : node->next->previous) = node->previous;
  --nodes_;
  if (node == &first_) {
    first_.Clear();
    first_used_ = false;
  } else {
    delete node;
  }
}

void List::ExpectGrowth(size_t bytes, size_t elements, const TypeSettings& settings) {
  if (chain_) return;
  const size_t now = head_ == nullptr ? kListpackEmptySize : head_->bytes();
  chain_ = LimitOf(settings).Exceeds(now + bytes, size_ + elements);
}

void List::SettleAfterShrinking(const TypeSettings& settings) {
  if (!chain_ || nodes_ != 1) return;
  const NodeLimit limit = LimitOf(settings);
  chain_ = head_->bytes() > limit.bytes / 2 || size_ > limit.count / 2;
  if (!chain_) head_->Decompress();
}

void List::SettleAfterLoading(const TypeSettings& settings) {
  chain_ = nodes_ > 1 || (nodes_ == 1 && LimitOf(settings).Exceeds(head_->bytes(), size_));
}

void List::Push(ListEnd end, const ListpackItem& item, const TypeSettings& settings) {
  const NodeLimit limit = LimitOf(settings);
  const bool at_head = end == ListEnd::kHead;
  ListNode* node = at_head ? head_ : tail_;
  if (node == nullptr || (chain_ && !Fits(*node, item, limit))) {
    ListNode* const before = node;
    node = NewNode(at_head ? nullptr : tail_);
    if (before != nullptr) before->Trim();
    Recompress(nullptr, settings);
  }
  if (at_head) {
    node->PushFront(item, limit.bytes);
  } else {
    node->PushBack(item, limit.bytes);
  }
  ++size_;
}

ListpackValue List::Peek(ListEnd end) const {
  // Nodes at the ends are never compressed.
  return end == ListEnd::kHead ? ListpackView::Get(head_->view().First())
                               : ListpackView::Get(tail_->view().Last());
}

void List::Drop(ListEnd end, const TypeSettings& settings) {
  ListNode* const node = end == ListEnd::kHead ? head_ : tail_;
  --size_;
  if (node->count() == 1) {
    Unlink(node);
    Recompress(nullptr, settings);
  } else if (end == ListEnd::kHead) {
    node->DropFront();
  } else {
    node->DropBack();
  }
}

List::Place List::Locate(uint64_t index) const {
  CHECK_LT(index, size_);
  if (index < size_ / 2) {
    ListNode* node = head_;
    for (; index >= node->count(); node = node->next) index -= node->count();
    return {node, index};
  }
  uint64_t behind = size_ - 1 - index;
  ListNode* node = tail_;
  for (; behind >= node->count(); node = node->previous) behind -= node->count();
  return {node, node->count() - 1 - behind};
}

bool List::At(int64_t index, std::string& scratch, ListpackValue* value) const {
  if (index < 0) index += static_cast<int64_t>(size_);
  if (index < 0 || static_cast<uint64_t>(index) >= size_) return false;
  const Place place = Locate(index);
  const ListpackView view = place.node->View(scratch);
  *value = ListpackView::Get(view.At(static_cast<int64_t>(place.index)));
  return true;
}

bool List::Set(int64_t index, const ListpackItem& item, const TypeSettings& settings) {
  if (index < 0) index += static_cast<int64_t>(size_);
  if (index < 0 || static_cast<uint64_t>(index) >= size_) return false;
  const Place place = Locate(index);
  const NodeLimit limit = LimitOf(settings);
  ListNode* const node = place.node;
  node->Decompress();
  const ListpackPos at = node->view().At(static_cast<int64_t>(place.index));
  const size_t after = node->bytes() - ListpackView::ElementSize(at) + item.EncodedSize();
  if (!chain_ || node->count() == 1 || !limit.Exceeds(after, node->count())) {
    node->Splice(at, 1, {&item, 1}, limit.bytes);
    Recompress(node, settings);
    return true;
  }
  // It goes into a node that has room.
  node->Splice(at, 1, {}, limit.bytes);
  --size_;
  const ListpackPos behind = node->view().At(static_cast<int64_t>(place.index));
  InsertAt(node, behind == nullptr ? node->view().end() : behind, item, settings);
  return true;
}

void List::InsertAt(ListNode* node, ListpackPos at, const ListpackItem& item,
                    const TypeSettings& settings) {
  const NodeLimit limit = LimitOf(settings);
  ++size_;
  if (!chain_ || Fits(*node, item, limit)) {
    node->Splice(at, 0, {&item, 1}, limit.bytes);
    return Recompress(node, settings);
  }
  const bool at_begin = at == node->view().First();
  const bool at_end = at == node->view().end();
  ListNode* neighbour = at_begin ? node->previous : (at_end ? node->next : nullptr);
  if (neighbour != nullptr && Fits(*neighbour, item, limit)) {
    neighbour->Decompress();
    at_begin ? neighbour->PushBack(item, limit.bytes) : neighbour->PushFront(item, limit.bytes);
    Recompress(neighbour, settings);
    return Recompress(node, settings);
  }
  ListNode* rest = nullptr;
  if (!at_begin && !at_end) {
    rest = NewNode(node);
    node->MoveTail(at, *rest, limit.bytes);
  }
  // What stands before it may have room now.
  ListNode* target = node;
  if (at_begin || !Fits(*node, item, limit)) target = NewNode(at_begin ? node->previous : node);
  target->PushBack(item, limit.bytes);
  if (rest != nullptr) {
    node->Trim();
    Merge(rest, settings);
  }
  Merge(target, settings);
}

void List::Merge(ListNode* node, const TypeSettings& settings) {
  const NodeLimit limit = LimitOf(settings);
  const auto fit = [&](const ListNode* a, const ListNode* b) {
    return a != nullptr && b != nullptr &&
           !limit.Exceeds(a->bytes() + b->bytes() - kListpackEmptySize,
                          size_t{a->count()} + b->count());
  };
  const auto join = [&](ListNode* into, ListNode* from) {
    into->Decompress();
    from->Decompress();
    from->MoveTail(from->view().First(), *into, limit.bytes);
    Unlink(from);
    return into;
  };
  if (fit(node, node->next)) node = join(node, node->next);
  if (fit(node->previous, node)) node = join(node->previous, node);
  Recompress(node, settings);
}

bool List::Insert(const ListpackItem& pivot, bool before, const ListpackItem& item,
                  const TypeSettings& settings) {
  std::string scratch;
  for (ListNode* node = head_; node != nullptr; node = node->next) {
    const ListpackView seen = node->View(scratch);
    const ListpackPos found = seen.Find(pivot);
    if (found == nullptr) continue;
    const size_t offset = found - seen.bytes();
    node->Decompress();
    ListpackPos at = node->view().bytes() + offset;
    if (!before) at += ListpackView::ElementSize(at);
    InsertAt(node, at, item, settings);
    return true;
  }
  return false;
}

void List::Erase(uint64_t first, uint64_t count, const TypeSettings& settings) {
  if (count == 0) return;
  CHECK_LE(first + count, size_);
  Place place = Locate(first);
  size_ -= count;
  ListNode* node = place.node;
  ListNode* shorter = nullptr;
  while (count > 0) {
    ListNode* const next = node->next;
    const uint64_t here = std::min<uint64_t>(count, node->count() - place.index);
    if (here == node->count()) {
      Unlink(node);
    } else {
      node->Decompress();
      node->Splice(node->view().At(static_cast<int64_t>(place.index)), static_cast<uint32_t>(here),
                   {}, LimitOf(settings).bytes);
      shorter = node;
    }
    count -= here;
    place.index = 0;
    node = next;
  }
  if (shorter != nullptr && chain_) {
    shorter->Trim();
    Merge(shorter, settings);
  } else {
    Recompress(nullptr, settings);
  }
}

uint64_t List::Remove(const ListpackItem& item, uint64_t max, ListEnd from,
                      const TypeSettings& settings) {
  const bool backwards = from == ListEnd::kTail;
  std::string scratch;
  uint64_t removed = 0;
  for (ListNode* node = backwards ? tail_ : head_; node != nullptr && removed < max;) {
    ListNode* const following = backwards ? node->previous : node->next;
    if (node->View(scratch).Find(item) != nullptr) {
      node->Decompress();
      const uint32_t before = node->count();
      ListpackView view = node->view();
      ListpackPos at = backwards ? view.Last() : view.First();
      while (at != nullptr && removed < max) {
        if (!item.Matches(ListpackView::Get(at))) {
          at = backwards ? view.Previous(at) : view.Next(at);
          continue;
        }
        // Taking out moves nothing that stands before it.
        node->Splice(at, 1, {}, LimitOf(settings).bytes);
        ++removed;
        view = node->view();
        if (backwards) {
          at = view.Previous(at);
        } else if (at == view.end()) {
          at = nullptr;
        }
      }
      size_ -= before - node->count();
      if (node->count() == 0) {
        Unlink(node);
        Recompress(nullptr, settings);
      } else {
        Recompress(node, settings);
      }
    }
    node = following;
  }
  return removed;
}

bool List::IsInterior(const ListNode* node, int64_t depth) const {
  const ListNode* forwards = node;
  const ListNode* backwards = node;
  for (; depth > 0; --depth) {
    if (forwards == nullptr || backwards == nullptr) return false;
    forwards = forwards->next;
    backwards = backwards->previous;
  }
  return forwards != nullptr && backwards != nullptr;
}

void List::Recompress(ListNode* changed, const TypeSettings& settings) {
  const int64_t depth = settings.list_compress_depth;
  if (head_ == nullptr) return;
  // The ends are read and written as they are, whatever the setting was when they were inside.
  head_->Decompress();
  tail_->Decompress();
  if (depth <= 0 || !chain_) return;
  ListNode* from_head = head_;
  ListNode* from_tail = tail_;
  for (int64_t i = 0; i < depth && from_head != nullptr; ++i) {
    from_head->Decompress();
    from_tail->Decompress();
    from_head = from_head->next;
    from_tail = from_tail->previous;
  }
  for (ListNode* node : {from_head, from_tail, changed}) {
    if (node != nullptr && IsInterior(node, depth)) node->Compress();
  }
}

void List::AppendNode(std::string_view listpack, const TypeSettings& settings) {
  const ListpackView view(reinterpret_cast<const uint8_t*>(listpack.data()));
  const uint32_t count = view.count();
  if (count == 0) return;
  chain_ = true;
  if (count > 1 && LimitOf(settings).Exceeds(listpack.size(), count)) {
    for (ListpackPos at = view.First(); at != nullptr; at = view.Next(at)) {
      Push(ListEnd::kTail, ListpackView::Get(at), settings);
    }
    return;
  }
  NewNode(tail_)->Assign(listpack, count);
  size_ += count;
  Recompress(nullptr, settings);
}

List* List::Copy() const {
  List* const copy = new List;
  std::string scratch;
  for (const ListNode* node = head_; node != nullptr; node = node->next) {
    copy->NewNode(copy->tail_)->Assign(node->View(scratch).raw(), node->count());
    if (node->compressed()) copy->tail_->Compress();
  }
  copy->size_ = size_;
  copy->chain_ = chain_;
  return copy;
}

void List::CheckInvariants() const {
  uint64_t elements = 0;
  uint32_t nodes = 0;
  const ListNode* before = nullptr;
  for (const ListNode* node = head_; node != nullptr; node = node->next) {
    CHECK_EQ(node->previous, before);
    CHECK_GT(node->count(), 0u);
    node->CheckInvariants();
    elements += node->count();
    ++nodes;
    before = node;
  }
  CHECK_EQ(tail_, before);
  CHECK_EQ(elements, size_);
  CHECK_EQ(nodes, nodes_);
  if (head_ != nullptr) CHECK(!head_->compressed() && !tail_->compressed());
  if (!chain_) CHECK_LE(nodes_, 1u);
}

}  // namespace slotmesh::node
