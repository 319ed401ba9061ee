#include "node/types/stream_block.h"

#include "absl/container/inlined_vector.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kDeleted = 1;
constexpr int64_t kSameFields = 2;

// Elements of an entry beside its data: flags, two differences; and its number of fields.
constexpr int64_t kEntryHead = 3;
// Elements of the master beside its fields.
constexpr int64_t kMasterHead = 3;

using Items = absl::InlinedVector<ListpackItem, 40>;

int64_t Difference(uint64_t value, uint64_t base) { return static_cast<int64_t>(value - base); }

ListpackPos Skip(ListpackPos at, uint64_t n) {
  for (; n > 0; --n) at += ListpackView::ElementSize(at);
  return at;
}

// Reads elements of unknown meaning, of a listpack whose elements are valid.
class CheckedReader {
 public:
  explicit CheckedReader(const ListpackView& view) : view_(view), at_(view.First()) {}

  bool at_end() const { return at_ == nullptr; }
  bool Integer(int64_t* value) {
    if (at_ == nullptr) return false;
    const ListpackValue read = ListpackView::Get(at_);
    if (!read.is_integer()) return false;
    *value = read.integer;
    at_ = view_.Next(at_);
    return true;
  }
  bool Skip(uint64_t n) {
    for (; n > 0; --n) {
      if (at_ == nullptr) return false;
      at_ = view_.Next(at_);
    }
    return true;
  }

 private:
  const ListpackView& view_;
  ListpackPos at_;
};

}  // namespace

StreamBlock::StreamBlock(StreamId id, Words pairs) {
  const auto fields = static_cast<int64_t>(pairs.size() / 2);
  Items items = {int64_t{1}, int64_t{0}, fields};
  for (size_t i = 0; i < pairs.size(); i += 2) items.push_back(pairs[i]);
  items.push_back(int64_t{0});
  items.push_back(kSameFields);
  items.push_back(int64_t{0});
  items.push_back(int64_t{0});
  for (size_t i = 1; i < pairs.size(); i += 2) items.push_back(pairs[i]);
  items.push_back(fields + kEntryHead);
  pack_.Splice(pack_.end(), 0, {items.data(), items.size()});
}

ListpackPos StreamBlock::MasterFields() const { return Skip(pack_.First(), kMasterHead); }

void StreamBlock::SetCounts(int64_t live, int64_t deleted) {
  const ListpackItem counts[] = {live, deleted};
  pack_.Splice(pack_.First(), 2, counts);
}

void StreamBlock::Append(StreamId block_id, StreamId id, Words pairs) {
  const ListpackItem live[] = {this->live() + 1};
  pack_.Splice(pack_.First(), 1, live);
  const auto fields = static_cast<int64_t>(pairs.size() / 2);
  ListpackPos at = Skip(pack_.First(), 2);
  bool same = ListpackView::Get(at).integer == fields;
  for (size_t i = 0; same && i < pairs.size(); i += 2) {
    at += ListpackView::ElementSize(at);
    const ListpackValue master = ListpackView::Get(at);
    same = master.is_integer() ? ListpackItem(pairs[i]).Matches(master)
                               : std::string_view(master.text, master.length) == pairs[i];
  }
  Items items = {same ? kSameFields : 0, Difference(id.ms, block_id.ms),
                 Difference(id.seq, block_id.seq)};
  if (!same) items.push_back(fields);
  for (size_t i = same ? 1 : 0; i < pairs.size(); i += same ? 2 : 1) items.push_back(pairs[i]);
  items.push_back(kEntryHead + (same ? fields : 2 * fields + 1));
  pack_.Splice(pack_.end(), 0, {items.data(), items.size()});
}

void StreamBlock::MarkDeleted(const StreamEntry& entry) {
  CHECK(!entry.deleted);
  CHECK_GT(live(), 1);
  // Flags take one byte before and after, so that nothing moves.
  pack_.Replace(entry.at, kDeleted | (entry.same_fields ? kSameFields : 0));
  SetCounts(live() - 1, deleted() + 1);
}

void StreamBlock::Read(StreamId block_id, ListpackPos at, StreamEntry* entry) const {
  entry->at = at;
  const int64_t flags = ListpackView::Get(at).integer;
  entry->deleted = (flags & kDeleted) != 0;
  entry->same_fields = (flags & kSameFields) != 0;
  at += ListpackView::ElementSize(at);
  entry->id.ms = block_id.ms + static_cast<uint64_t>(ListpackView::Get(at).integer);
  at += ListpackView::ElementSize(at);
  entry->id.seq = block_id.seq + static_cast<uint64_t>(ListpackView::Get(at).integer);
  at += ListpackView::ElementSize(at);
  if (entry->same_fields) {
    entry->fields = static_cast<uint32_t>(ListpackView::Get(Skip(pack_.First(), 2)).integer);
    entry->data = at;
    entry->length = Skip(at, entry->fields);
  } else {
    entry->fields = static_cast<uint32_t>(ListpackView::Get(at).integer);
    entry->data = at + ListpackView::ElementSize(at);
    entry->length = Skip(entry->data, uint64_t{2} * entry->fields);
  }
}

bool StreamBlock::First(StreamId block_id, StreamEntry* entry) const {
  ListpackPos at = Skip(pack_.First(), 2);
  at = Skip(at, static_cast<uint64_t>(ListpackView::Get(at).integer) + 2);
  if (at == pack_.end()) return false;
  Read(block_id, at, entry);
  return true;
}

bool StreamBlock::Last(StreamId block_id, StreamEntry* entry) const {
  // The master's own last element is 0, which no entry's is.
  entry->at = pack_.end();
  return Previous(block_id, entry);
}

bool StreamBlock::Next(StreamId block_id, StreamEntry* entry) const {
  const ListpackPos at = entry->length + ListpackView::ElementSize(entry->length);
  if (at == pack_.end()) return false;
  Read(block_id, at, entry);
  return true;
}

bool StreamBlock::Previous(StreamId block_id, StreamEntry* entry) const {
  ListpackPos at = pack_.Previous(entry->at);
  const int64_t length = ListpackView::Get(at).integer;
  if (length == 0) return false;
  for (int64_t i = 0; i < length; ++i) at = pack_.Previous(at);
  Read(block_id, at, entry);
  return true;
}

std::optional<StreamBlock::Summary> StreamBlock::Validate(StreamId block_id,
                                                          std::string_view bytes) {
  if (!ListpackView::Valid(bytes, /*deep=*/true)) return std::nullopt;
  const ListpackView view(reinterpret_cast<const uint8_t*>(bytes.data()));
  CheckedReader reader(view);
  int64_t live;
  int64_t deleted;
  int64_t master_fields;
  int64_t zero;
  if (!reader.Integer(&live) || !reader.Integer(&deleted) || !reader.Integer(&master_fields)) {
    return std::nullopt;
  }
  if (live < 0 || deleted < 0 || master_fields < 0 ||
      !reader.Skip(static_cast<uint64_t>(master_fields)) || !reader.Integer(&zero) || zero != 0) {
    return std::nullopt;
  }
  Summary summary;
  uint64_t marked = 0;
  while (!reader.at_end()) {
    int64_t flags;
    int64_t ms;
    int64_t seq;
    int64_t length;
    int64_t fields = master_fields;
    if (!reader.Integer(&flags) || !reader.Integer(&ms) || !reader.Integer(&seq)) {
      return std::nullopt;
    }
    if ((flags & ~(kDeleted | kSameFields)) != 0) return std::nullopt;
    const bool same = (flags & kSameFields) != 0;
    if (!same && !reader.Integer(&fields)) return std::nullopt;
    if (fields < 0 || fields > static_cast<int64_t>(bytes.size())) return std::nullopt;
    const int64_t data = same ? fields : 2 * fields;
    if (!reader.Skip(static_cast<uint64_t>(data)) || !reader.Integer(&length) ||
        length != data + kEntryHead + (same ? 0 : 1)) {
      return std::nullopt;
    }
    if ((flags & kDeleted) != 0) {
      ++marked;
      continue;
    }
    const StreamId id = {block_id.ms + static_cast<uint64_t>(ms),
                         block_id.seq + static_cast<uint64_t>(seq)};
    if (summary.live == 0 ? id < block_id : id <= summary.last) return std::nullopt;
    if (summary.live++ == 0) summary.first = id;
    summary.last = id;
  }
  if (summary.live != static_cast<uint64_t>(live) || marked != static_cast<uint64_t>(deleted)) {
    return std::nullopt;
  }
  return summary;
}

void StreamBlock::CheckInvariants(StreamId block_id) const {
  const std::optional<Summary> summary = Validate(block_id, pack_.raw());
  CHECK(summary.has_value() && summary->live > 0);
}

}  // namespace slotmesh::node
