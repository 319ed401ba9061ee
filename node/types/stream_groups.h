// Consumer groups of a stream: how far each has read, and which entries are delivered but not yet
// acknowledged (pending), by whom.
//
// A group's pending entries stand in one map by id, with what is known of each; each consumer has
// the set of ids that are its own. Names are bytes; groups and consumers are in the order of their
// names.
//
// Thread-compatible. A group owns its consumers, which stay where they are until they are removed.
// Invariants: each pending entry belongs to exactly one consumer of the group and stands in that
// consumer's set, and nothing else does. Cost: O(log n) per entry.
#ifndef SLOTMESH_NODE_TYPES_STREAM_GROUPS_H_
#define SLOTMESH_NODE_TYPES_STREAM_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "node/types/stream_id.h"

namespace slotmesh::node {

struct StreamConsumer {
  static constexpr int64_t kNever = -1;

  std::string name;
  int64_t seen_ms = 0;         // When it last asked for anything (Unix time).
  int64_t active_ms = kNever;  // When it last got an entry.
  absl::btree_set<StreamId> pending;
};

// An entry that was delivered and is not acknowledged.
struct StreamPending {
  StreamConsumer* consumer = nullptr;
  int64_t delivered_ms = 0;
  uint64_t deliveries = 0;
};

class StreamGroup {
 public:
  static constexpr int64_t kReadUnknown = -1;
  using Pending = absl::btree_map<StreamId, StreamPending>;
  using Consumers = absl::btree_map<std::string, std::unique_ptr<StreamConsumer>, std::less<>>;

  StreamGroup(StreamId last, int64_t read) : last_id(last), entries_read(read) {}
  StreamGroup(const StreamGroup&) = delete;
  StreamGroup& operator=(const StreamGroup&) = delete;

  StreamId last_id;  // The last that was delivered.
  // How many entries of all that were ever added it has been past, or kReadUnknown.
  int64_t entries_read = kReadUnknown;

  const Pending& pending() const { return pending_; }
  const Consumers& consumers() const { return consumers_; }

  // Null if there is none.
  StreamConsumer* FindConsumer(std::string_view name) const;
  // REQUIRES: there is none of this name.
  StreamConsumer* AddConsumer(std::string_view name, int64_t now_ms);
  // Forgets the consumer and what is pending for it; says how much that was.
  size_t RemoveConsumer(StreamConsumer* consumer);

  // Null if it is not pending.
  const StreamPending* FindPending(StreamId id) const;
  // The entry is the consumer's, whosever it was.
  void Assign(StreamId id, StreamConsumer* consumer, int64_t delivered_ms, uint64_t deliveries);
  // False if it was not pending.
  bool RemovePending(StreamId id);

  std::unique_ptr<StreamGroup> Copy() const;
  size_t MemoryUsage() const;
  void CheckInvariants() const;

 private:
  Pending pending_;
  Consumers consumers_;
};

using StreamGroups = absl::btree_map<std::string, std::unique_ptr<StreamGroup>, std::less<>>;

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_STREAM_GROUPS_H_
