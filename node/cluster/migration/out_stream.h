// What the source of a move has still to send: a queue of bytes, cut into chunks for Data frames,
// with the window that the target's acknowledgements open.
//
// Positions count bytes from the stream's begin: acknowledged <= sent <= end. Thread-compatible;
// owns what waits. Invariant: at most kStreamWindowBytes (and one chunk) are on their way.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_OUT_STREAM_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_OUT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace slotmesh::node {

inline constexpr size_t kStreamChunkBytes = 64 << 10;
// Sent but not acknowledged.
inline constexpr uint64_t kStreamWindowBytes = 2 << 20;
// Not acknowledged, sent or not; more than this and the target cannot follow.
inline constexpr uint64_t kStreamBacklogMax = uint64_t{256} << 20;

class OutStream {
 public:
  void Append(std::string_view bytes);
  // The next chunk to send, if there is one and the window has room. Its first byte stands at
  // sent() as it was before.
  std::optional<std::string> TakeChunk();
  // False if the target cannot have received so much, or had said more already.
  bool Acknowledge(uint64_t offset);
  // Forgets what waits.
  void Clear();

  uint64_t end() const { return end_; }
  uint64_t sent() const { return sent_; }
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t lag() const { return end_ - acknowledged_; }
  // The walk may add to it: what it adds can be sent about at once.
  bool has_room() const { return lag() < kStreamWindowBytes; }

 private:
  std::deque<std::string> chunks_;  // Each but the last is full.
  uint64_t end_ = 0;
  uint64_t sent_ = 0;
  uint64_t acknowledged_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_OUT_STREAM_H_
