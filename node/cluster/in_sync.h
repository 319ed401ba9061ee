// Which replicas are in sync, as a shard's primary decides it: they take part in what is
// acknowledged in synced mode, and one of them may be promoted (SAFETY 1, 3, 11 to 13).
//
// The ledger holds the set; this machine follows how far each replica's process is, and proposes
// who comes in (it has caught up) and who goes (it has fallen behind, its connection or its process
// has ended, it needs a full copy). What is safe is what all have that are in the set, or are
// proposed to be: whether a proposal came to pass is known only once the set's version has moved.
// The set is kept in async mode too, so that the mode may change at any time; in synced mode
// nothing is safe before the ledger says that the shard is synced.
//
// A step machine of the engine thread: no clock, no I/O. Offsets are Journal::data_offset()'s.
// Bound: one record for each replica of the shard.
#ifndef SLOTMESH_NODE_CLUSTER_IN_SYNC_H_
#define SLOTMESH_NODE_CLUSTER_IN_SYNC_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "slots/ledger/entry.h"

namespace slotmesh::node {

class InSync {
 public:
  // A replica whose connection has ended has this part of the node timeout to come back, and not
  // less than the other.
  static constexpr int64_t kGoneShare = 3;
  static constexpr int64_t kGoneMillisMin = 500;
  // How often a replica's progress is measured: in synced mode, and as a share of the node timeout
  // otherwise.
  static constexpr int64_t kMeasureMillis = 100;
  static constexpr int64_t kMeasureShare = 4;
  // Who has what was there that long ago has caught up.
  static constexpr int64_t kCaughtUpMillis = 300;
  // After a proposal that was refused, or whose outcome is not known.
  static constexpr int64_t kRetryMillis = 300;

  // What the ledger says of this node's shard.
  struct Decided {
    bool primary = false;  // It is this process that is the primary. Else nothing below counts.
    ledger::ShardId shard;
    ledger::Epoch epoch = 0;
    uint64_t version = 0;  // Of the set.
    bool synced = false;
    ledger::NodeBoot self;
    std::vector<ledger::NodeBoot> members;   // Of the set, with self.
    std::vector<ledger::NodeBoot> replicas;  // Of the shard, with their present processes.
    friend bool operator==(const Decided&, const Decided&) = default;
  };
  struct Settings {
    int64_t node_timeout_ms = 3000;
    bool synced = false;  // This node is to be, or has clients that are.
    bool async = false;   // It is not to be any more.
  };

  void Take(const Decided& decided, int64_t now_ms);
  void OnProgress(const ledger::NodeBoot& process, uint64_t offset, int64_t now_ms);
  void OnGone(const ledger::NodeBoot& process, int64_t now_ms);
  // It wants a full copy, for which it forgets all it has. False: not before it has left the set
  // (SAFETY 12), which is proposed.
  bool MayForget(const ledger::NodeBoot& process);

  // From a timer. What to propose now, if anything; its outcome goes to OnDecided.
  std::optional<ledger::Change> Step(const Settings& settings, uint64_t data_offset,
                                     int64_t now_ms);
  // REQUIRES: for the last change that Step() gave.
  void OnDecided(bool accepted, int64_t now_ms);
  // A proposal's outcome is awaited.
  bool open() const { return open_; }
  // Step() found replicas that are to say how far they are.
  bool wants_acks() const { return wants_acks_; }

  const Decided& decided() const { return decided_; }
  // All that has been written up to `offset` is where it must be to be acknowledged.
  bool IsSafe(uint64_t offset) const {
    return decided_.primary && decided_.synced && offset <= safe_offset_;
  }
  // Each member has it, whether or not the shard is synced.
  bool AllHave(uint64_t offset) const { return decided_.primary && offset <= safe_offset_; }
  // Of the set, the primary among them.
  int64_t copies() const { return static_cast<int64_t>(decided_.members.size()); }

 private:
  static constexpr uint64_t kEverything = std::numeric_limits<uint64_t>::max();

  struct Record {
    uint64_t has = 0;
    bool spoke = false;  // Its connection has acknowledged something.
    int64_t gone_since_ms = 0;
    bool needs_copy = false;
    // What there was at `goal_ms`; when the replica had it all, if it has.
    uint64_t goal = 0;
    int64_t goal_ms = 0;
    std::optional<int64_t> reached_ms;
  };

  // It had its goal soon enough to have caught up.
  static bool WasOnTime(const Record& record);
  bool IsMember(const ledger::NodeBoot& process) const;
  bool IsReplica(const ledger::NodeBoot& process) const;
  // It is in the set, or may be by a proposal that is on its way.
  bool IsBound(const ledger::NodeBoot& process) const;
  void FindSafe();
  void Measure(const Settings& settings, uint64_t data_offset, int64_t now_ms);
  std::optional<ledger::Change> Choose(const Settings& settings, int64_t now_ms);
  bool MustGo(const ledger::NodeBoot& process, const Settings& settings, int64_t now_ms) const;
  bool MayCome(const ledger::NodeBoot& process) const;

  Decided decided_;
  std::map<ledger::NodeBoot, Record> records_;
  // Proposed to come in while the set had decided_.version.
  std::vector<ledger::NodeBoot> proposed_;
  bool open_ = false;  // A proposal's outcome is awaited.
  int64_t next_proposal_ms_ = 0;
  uint64_t safe_offset_ = 0;
  bool wants_acks_ = false;
  bool new_tenure_ = false;  // Nothing is known yet of those who are connected.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_IN_SYNC_H_
