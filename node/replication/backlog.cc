#include "node/replication/backlog.h"

#include <algorithm>

#include "slots/check.h"

namespace slotmesh::node {

void Backlog::Restart(uint64_t offset) {
  blocks_.clear();
  begin_ = end_ = offset;
}

void Backlog::Append(std::string_view bytes) {
  end_ += bytes.size();
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().size() == kBlockBytes) {
      blocks_.emplace_back().reserve(kBlockBytes);
    }
    std::string& block = blocks_.back();
    const size_t part = std::min(bytes.size(), kBlockBytes - block.size());
    block.append(bytes.data(), part);
    bytes.remove_prefix(part);
  }
}

std::string_view Backlog::Read(uint64_t offset) const {
  CHECK(begin_ <= offset && offset <= end_);
  if (offset == end_) return {};
  const uint64_t position = offset - begin_;
  return std::string_view(blocks_[position / kBlockBytes]).substr(position % kBlockBytes);
}

void Backlog::Trim(uint64_t needed, size_t keep) {
  while (!blocks_.empty()) {
    const size_t first = blocks_.front().size();
    if (size() - first < keep || begin_ + first > needed) return;
    blocks_.pop_front();
    begin_ += first;
  }
}

}  // namespace slotmesh::node
