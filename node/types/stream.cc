#include "node/types/stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

// Room that entries need in a listpack beyond their words.
constexpr size_t kEntryOverheadMax = 128;

size_t WordBytes(Stream::Words pairs) {
  size_t bytes = 0;
  for (const std::string_view word : pairs) bytes += word.size();
  return bytes;
}

// More than the words can take, their fields once in the master too.
size_t RoomFor(size_t word_bytes, size_t words) {
  return word_bytes + 2 * words * kListpackOverheadMax + kEntryOverheadMax;
}

// Common first bytes of two ids in their serialised form.
size_t CommonPrefix(StreamId a, StreamId b) {
  if (a.ms != b.ms) return static_cast<size_t>(__builtin_clzll(a.ms ^ b.ms)) / 8;
  return 8 + static_cast<size_t>(__builtin_clzll(a.seq ^ b.seq)) / 8;
}

}  // namespace

bool Stream::Fits(Words pairs) {
  return RoomFor(WordBytes(pairs), pairs.size()) < kListpackBytesMax;
}

StreamId Stream::LastEntryId() const {
  StreamId id;
  Walk({}, kStreamIdMax, /*backwards=*/true, [&](const StreamBlock&, const StreamEntry& entry) {
    id = entry.id;
    return false;
  });
  return id;
}

std::optional<StreamId> Stream::NextId(int64_t now_ms) const {
  const auto ms = static_cast<uint64_t>(now_ms);
  if (ms > last_id_.ms) return StreamId{ms, 0};
  StreamId id = last_id_;
  if (!id.Increment()) return std::nullopt;
  return id;
}

void Stream::Add(StreamId id, Words pairs, const TypeSettings& settings) {
  CHECK(id > last_id_);
  bool append = false;
  auto block = blocks_.end();
  if (!blocks_.empty()) {
    --block;
    const size_t bytes = WordBytes(pairs);
    const size_t held = block->second.size_bytes();
    size_t limit = settings.stream_node_max_bytes;
    if (limit == 0) limit = kListpackBytesMax;
    append = held + bytes < limit && held + RoomFor(bytes, pairs.size()) < kListpackBytesMax;
    if (append && settings.stream_node_max_entries > 0) {
      append = block->second.live() + block->second.deleted() < settings.stream_node_max_entries;
    }
  }
  if (append) {
    block->second.Append(block->first, id, pairs);
  } else {
    blocks_.try_emplace(blocks_.end(), id, id, pairs);
  }
  ++size_;
  ++entries_added_;
  last_id_ = id;
  if (size_ == 1) first_id_ = id;
}

Stream::Blocks::const_iterator Stream::BlockOf(StreamId id) const {
  auto at = blocks_.upper_bound(id);
  if (at == blocks_.begin()) return blocks_.end();
  return --at;
}

bool Stream::Locate(StreamId id, Blocks::iterator* block, StreamEntry* entry) {
  auto at = blocks_.upper_bound(id);
  if (at == blocks_.begin()) return false;
  *block = --at;
  bool more = at->second.First(at->first, entry);
  for (; more; more = at->second.Next(at->first, entry)) {
    if (entry->deleted) continue;
    if (entry->id >= id) return entry->id == id;
  }
  return false;
}

bool Stream::Contains(StreamId id) const {
  bool found = false;
  Walk(id, id, /*backwards=*/false, [&](const StreamBlock&, const StreamEntry&) {
    found = true;
    return false;
  });
  return found;
}

bool Stream::Delete(StreamId id) {
  Blocks::iterator block;
  StreamEntry entry;
  if (!Locate(id, &block, &entry)) return false;
  if (block->second.live() == 1) {
    blocks_.erase(block);
  } else {
    block->second.MarkDeleted(entry);
  }
  --size_;
  max_deleted_id_ = std::max(max_deleted_id_, id);
  if (id == first_id_) FindFirstId();
  return true;
}

void Stream::FindFirstId() {
  first_id_ = {};
  Walk({}, kStreamIdMax, /*backwards=*/false, [&](const StreamBlock&, const StreamEntry& entry) {
    first_id_ = entry.id;
    return false;
  });
}

uint64_t Stream::TrimBlock(Blocks::iterator at, const StreamTrim& trim) {
  const StreamId id = at->first;
  StreamBlock& block = at->second;
  StreamEntry entry;
  uint64_t removed = 0;
  for (bool more = block.First(id, &entry); more; more = block.Next(id, &entry)) {
    const bool enough =
        trim.by == StreamTrim::By::kLength ? size_ <= trim.length_max : entry.id >= trim.id_min;
    if (enough) break;
    if (entry.deleted) continue;
    // Only if what is behind it are marks alone; then the block goes.
    if (block.live() == 1) {
      blocks_.erase(at);
      --size_;
      return removed + 1;
    }
    block.MarkDeleted(entry);
    // Marking may have moved the bytes.
    const StreamId marked = entry.id;
    more = block.First(id, &entry);
    while (more && (entry.id != marked || !entry.deleted)) more = block.Next(id, &entry);
    --size_;
    ++removed;
  }
  return removed;
}

uint64_t Stream::Trim(const StreamTrim& trim) {
  if (trim.by == StreamTrim::By::kNothing) return 0;
  const bool by_length = trim.by == StreamTrim::By::kLength;
  uint64_t removed = 0;
  while (!blocks_.empty()) {
    if (by_length && size_ <= trim.length_max) break;
    const auto at = blocks_.begin();
    const auto live = static_cast<uint64_t>(at->second.live());
    if (trim.limit != 0 && removed + live > trim.limit) break;
    bool whole = by_length && size_ - live >= trim.length_max;
    if (!by_length) {
      StreamEntry last;
      whole = at->second.Last(at->first, &last) && last.id < trim.id_min;
    }
    if (whole) {
      blocks_.erase(at);
      size_ -= live;
      removed += live;
      continue;
    }
    if (!trim.approximately) removed += TrimBlock(at, trim);
    break;
  }
  if (removed > 0) FindFirstId();
  return removed;
}

StreamGroup* Stream::FindGroup(std::string_view name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : found->second.get();
}

StreamGroup* Stream::AddGroup(std::string_view name, StreamId last, int64_t entries_read) {
  if (FindGroup(name) != nullptr) return nullptr;
  auto group = std::make_unique<StreamGroup>(last, entries_read);
  return groups_.try_emplace(std::string(name), std::move(group)).first->second.get();
}

bool Stream::RemoveGroup(std::string_view name) {
  const auto found = groups_.find(name);
  if (found == groups_.end()) return false;
  groups_.erase(found);
  return true;
}

bool Stream::MayHaveGapsFrom(StreamId id) const {
  return size_ > 0 && !max_deleted_id_.is_zero() && id <= max_deleted_id_;
}

int64_t Stream::EstimateRead(StreamId id) const {
  const auto added = static_cast<int64_t>(entries_added_);
  if (added == 0) return 0;
  if (size_ == 0 && id <= last_id_) return added;
  if (!id.is_zero() && id < max_deleted_id_) return StreamGroup::kReadUnknown;
  if (id == last_id_) return added;
  if (id > last_id_) return StreamGroup::kReadUnknown;
  if (max_deleted_id_.is_zero() || max_deleted_id_ < first_id_) {
    const int64_t before = added - static_cast<int64_t>(size_);
    if (id < first_id_) return before;
    if (id == first_id_) return before + 1;
  }
  return StreamGroup::kReadUnknown;
}

void Stream::Advance(StreamGroup& group, StreamId id) const {
  if (group.entries_read != StreamGroup::kReadUnknown && !MayHaveGapsFrom(id)) {
    ++group.entries_read;
  } else if (entries_added_ != 0) {
    group.entries_read = EstimateRead(id);
  }
  group.last_id = id;
}

std::optional<int64_t> Stream::Lag(const StreamGroup& group) const {
  if (entries_added_ == 0) return 0;
  int64_t read = group.entries_read;
  if (read == StreamGroup::kReadUnknown || MayHaveGapsFrom(group.last_id)) {
    read = EstimateRead(group.last_id);
  }
  if (read == StreamGroup::kReadUnknown) return std::nullopt;
  // Both come from clients and payloads, too.
  return static_cast<int64_t>(entries_added_ - static_cast<uint64_t>(read));
}

uint64_t Stream::RadixNodes() const {
  if (blocks_.empty()) return 1;
  // Every id ends in a leaf. Walks along the neighbours' common prefixes; `open` are the depths at
  // which the path to the current leaf branches. A piece of path between branches is one node.
  uint64_t nodes = blocks_.size();
  std::vector<size_t> open;
  const auto close = [&](size_t depth, size_t parent, bool has_parent) {
    if (depth > (has_parent ? parent + 1 : 0)) ++nodes;
  };
  std::optional<StreamId> before;
  const auto step = [&](size_t common, bool last) {
    // The leaf, then all branches that are deeper than the next one, hang below it or each other.
    size_t depth = kStreamIdBytes;
    for (;;) {
      const bool has_open = !open.empty() && (last || open.back() >= common);
      if (!has_open) break;
      close(depth, open.back(), true);
      depth = open.back();
      open.pop_back();
      if (!last && depth == common) {
        open.push_back(depth);
        return;
      }
    }
    if (last) return close(depth, 0, false);
    close(depth, common, true);
    open.push_back(common);
    ++nodes;
  };
  for (const auto& [id, block] : blocks_) {
    if (before.has_value()) step(CommonPrefix(*before, id), false);
    before = id;
  }
  step(0, true);
  return nodes;
}

Stream* Stream::Copy() const {
  Stream* const copy = new Stream;
  copy->size_ = size_;
  copy->first_id_ = first_id_;
  copy->last_id_ = last_id_;
  copy->max_deleted_id_ = max_deleted_id_;
  copy->entries_added_ = entries_added_;
  for (const auto& [id, block] : blocks_) {
    copy->blocks_.try_emplace(copy->blocks_.end(), id, block.pack().raw());
  }
  for (const auto& [name, group] : groups_) {
    copy->groups_.try_emplace(copy->groups_.end(), name, group->Copy());
  }
  return copy;
}

size_t Stream::MemoryUsage(size_t samples) const {
  size_t bytes = 0;
  size_t seen = 0;
  for (const auto& [id, block] : blocks_) {
    if (samples != 0 && seen >= samples) break;
    bytes += block.memory() + sizeof(Blocks::value_type);
    ++seen;
  }
  if (seen > 0) bytes = bytes * blocks_.size() / seen;
  for (const auto& [name, group] : groups_) bytes += name.size() + group->MemoryUsage();
  return sizeof(Stream) + bytes;
}

void Stream::CheckInvariants() const {
  uint64_t live = 0;
  std::optional<StreamId> first;
  std::optional<StreamId> last;
  for (const auto& [id, block] : blocks_) {
    block.CheckInvariants(id);
    const StreamBlock::Summary summary = *StreamBlock::Validate(id, block.pack().raw());
    if (last.has_value()) CHECK(*last < id);
    if (!first.has_value()) first = summary.first;
    last = summary.last;
    live += summary.live;
  }
  CHECK_EQ(live, size_);
  CHECK(first_id_ == first.value_or(StreamId{}));
  CHECK(last.value_or(StreamId{}) <= last_id_);
  for (const auto& [name, group] : groups_) group->CheckInvariants();
}

}  // namespace slotmesh::node
