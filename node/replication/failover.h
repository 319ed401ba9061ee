// FAILOVER: a primary hands its role to one of its replicas, losing nothing.
//
//   none -> waits for a replica to have all -> in progress: follows it -> none
//
// While it waits, writes are held back. The replica is asked to take over with the first request of
// the new link; if it refuses, this node is the primary again. With FORCE the replica takes over at
// the deadline though it does not have all.
//
// Engine thread only. A step machine over Tick, which is called for each acknowledgement, and often
// while it waits for what is no acknowledgement. Borrows all.
#ifndef SLOTMESH_NODE_REPLICATION_FAILOVER_H_
#define SLOTMESH_NODE_REPLICATION_FAILOVER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/command/engine.h"
#include "node/replication/replicas.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class Failover {
 public:
  enum class State : uint8_t { kNone = 0, kWaitsForSync = 1, kInProgress = 2 };
  struct Target {
    std::string host;
    uint16_t port = 0;
    slots::NodeId node;  // In a cluster; zero if it does not say.
  };
  struct Request {
    std::optional<Target> target;  // Nothing: whoever has all first.
    int64_t timeout_ms = 0;        // 0: as long as it takes.
    bool force = false;
  };
  struct Environment {
    Engine& engine;
    Replicas& replicas;
    Log& log;
    // It has begun: replicas are to be asked how far they are, behind this command and without
    // waiting for replies that leave, of which there may be none; and Tick is to be called often.
    std::function<void()> on_begin;
    // Replies wait for other replicas than the one that takes over: closed connections, else.
    std::function<bool()> holds_replies;
    // It would be let take over: in a cluster's synced shard, it is in sync.
    std::function<bool(const Target&)> may_take_over;
    // Follows that replica, which is asked to take over; and is a primary again.
    std::function<void(const Target&)> follow;
    std::function<void()> lead;
  };
  explicit Failover(const Environment& environment) : env_(environment) {}

  State state() const { return state_; }
  bool under_way() const { return state_ != State::kNone; }
  // As INFO has it.
  std::string_view state_name() const;

  // The error that FAILOVER replies; empty if it has begun.
  std::string Begin(const Request& request);
  void Abort(std::string_view why);
  // The new primary has taken over, or refused to.
  void OnAnswer(bool taken_over);
  // From a timer.
  void Tick();

 private:
  void Hand(const Target& target);
  void End();
  Replica* FindTarget() const;

  const Environment env_;
  State state_ = State::kNone;
  Request request_;
  int64_t deadline_ms_ = 0;  // 0: none.
};

// Where a replica says that it can be reached, and who it says it is.
Failover::Target AddressOfReplica(const Replica& replica);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_FAILOVER_H_
