// Clients that wait until so many replicas have what they wrote: WAIT and WAITAOF.
//
// Engine thread only. Borrows blocked clients. Cost: each acknowledgement that is news looks at all
// who wait.
#ifndef SLOTMESH_NODE_REPLICATION_ACK_WAITS_H_
#define SLOTMESH_NODE_REPLICATION_ACK_WAITS_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "node/command/blocked_clients.h"

namespace slotmesh::node {

// What somebody waits for, of what was written up to `offset`.
struct AckWish {
  uint64_t offset = 0;
  int64_t replicas = 0;
  bool on_disk = false;   // WAITAOF: the replicas' disks, and
  bool here_too = false;  // this node's.
};

struct AckCounts {
  int64_t replicas = 0;
  bool here = false;
};

class AckWaits {
 public:
  using Count = std::function<AckCounts(const AckWish&)>;
  static constexpr std::string_view kNoAof =
      "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

  AckWaits(BlockedClients& blocked, Count count) : blocked_(blocked), count_(std::move(count)) {}

  AckCounts CountNow(const AckWish& wish) const { return count_(wish); }
  static bool IsMet(const AckWish& wish, const AckCounts& counts) {
    return counts.replicas >= wish.replicas && (counts.here || !wish.here_too);
  }
  static void Reply(Client& client, const AckWish& wish, const AckCounts& counts);

  // The reply comes when the wish is met, or at the deadline with what there is then.
  void Wait(Client& client, const AckWish& wish, int64_t deadline_ms);
  bool empty() const { return waits_.empty(); }
  // Somebody has acknowledged more, or there are fewer who can.
  void OnNews();
  // This node writes no append-only file any more: nobody need wait for it.
  void EndLocal();

 private:
  struct Waiting {
    AckWish wish;
    BlockedClients::Ticket ticket = 0;
  };

  BlockedClients& blocked_;
  const Count count_;
  std::vector<Waiting> waits_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_ACK_WAITS_H_
