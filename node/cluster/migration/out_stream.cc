#include "node/cluster/migration/out_stream.h"

#include <algorithm>
#include <utility>

namespace slotmesh::node {

void OutStream::Append(std::string_view bytes) {
  end_ += bytes.size();
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().size() == kStreamChunkBytes) {
      chunks_.emplace_back().reserve(std::min(kStreamChunkBytes, 2 * bytes.size()));
    }
    const size_t taken = std::min(bytes.size(), kStreamChunkBytes - chunks_.back().size());
    chunks_.back() += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
  }
}

std::optional<std::string> OutStream::TakeChunk() {
  if (chunks_.empty() || sent_ - acknowledged_ >= kStreamWindowBytes) return std::nullopt;
  std::string chunk = std::move(chunks_.front());
  chunks_.pop_front();
  sent_ += chunk.size();
  return chunk;
}

bool OutStream::Acknowledge(uint64_t offset) {
  if (offset > sent_ || offset < acknowledged_) return false;
  acknowledged_ = offset;
  return true;
}

void OutStream::Clear() {
  chunks_.clear();
  end_ = sent_;
}

}  // namespace slotmesh::node
