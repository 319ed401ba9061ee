// The end of the replication stream, kept for replicas: those that are connected read it from here,
// each at its place, and those that come back find what they missed.
//
// Engine thread only. Offsets count the stream's bytes, as the journal does. Memory: what is kept,
// in blocks of kBlockBytes; nothing per replica. Cost: appending copies once; reading is a view.
#ifndef SLOTMESH_NODE_REPLICATION_BACKLOG_H_
#define SLOTMESH_NODE_REPLICATION_BACKLOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace slotmesh::node {

class Backlog {
 public:
  static constexpr size_t kBlockBytes = 16 * 1024 - 1;  // A string takes one byte more.

  // Forgets all; the stream goes on at this offset.
  void Restart(uint64_t offset);
  void Append(std::string_view bytes);

  // The stream is kept from begin() up to end().
  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }
  size_t size() const { return end_ - begin_; }
  size_t memory_bytes() const { return blocks_.size() * (kBlockBytes + 1 + sizeof(std::string)); }
  // Bytes from there on, up to a block's end; empty at end(). Valid until the next call that is not
  // const. REQUIRES: begin() <= offset <= end().
  std::string_view Read(uint64_t offset) const;
  // Forgets whole blocks, as many as leave `keep` bytes and all from `needed` on.
  void Trim(uint64_t needed, size_t keep);

 private:
  uint64_t begin_ = 0;  // Of the first block.
  uint64_t end_ = 0;
  std::deque<std::string> blocks_;  // All full but the last.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_BACKLOG_H_
