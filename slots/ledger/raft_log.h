// One server's log in memory: the entries since the snapshot (and some before), and which
// configuration holds. A configuration holds from the moment its entry is appended, and no longer
// once that entry is dropped.
//
// Thread-compatible. Owns the entries. Access by index is O(1).
#ifndef SLOTMESH_SLOTS_LEDGER_RAFT_LOG_H_
#define SLOTMESH_SLOTS_LEDGER_RAFT_LOG_H_

#include <deque>
#include <optional>
#include <vector>

#include "slots/ledger/raft_types.h"

namespace slotmesh::ledger {

class RaftLog {
 public:
  // Invalid argument if the entries do not follow each other and the snapshot. A null snapshot is
  // none.
  static absl::StatusOr<RaftLog> Create(SnapshotPtr snapshot, std::vector<LogEntry> entries);

  const SnapshotPtr& snapshot() const { return snapshot_; }
  Index snapshot_index() const { return snapshot_ == nullptr ? 0 : snapshot_->index; }
  Index first_index() const { return base_ + 1; }  // In memory, if last_index() is not before it.
  Index last_index() const { return base_ + entries_.size(); }
  Term last_term() const { return *TermAt(last_index()); }
  // Absent if the entry is no longer, or not yet, known. Of index 0 it is 0.
  std::optional<Term> TermAt(Index index) const;
  // REQUIRES: it is in memory.
  const LogEntry& At(Index index) const;
  // From `from` on, at most `bytes_max` bytes of data but at least one entry if there is one. Empty
  // if `from` is no longer in memory.
  std::vector<LogEntry> Slice(Index from, size_t bytes_max) const;
  // All that is in memory.
  std::vector<LogEntry> All() const { return {entries_.begin(), entries_.end()}; }

  // REQUIRES: entry.index == last_index() + 1.
  void Append(LogEntry entry);
  // Drops all from `index` on. REQUIRES: index > snapshot_index().
  void Truncate(Index index);
  // Puts a snapshot of this log's own beginning in its place; keeps `trailing` entries before it
  // for servers that are a little behind. REQUIRES: the log holds snapshot->index.
  void Compact(SnapshotPtr snapshot, size_t trailing);
  // Drops the log for somebody else's.
  void Reset(SnapshotPtr snapshot);

  const Configuration& configuration() const { return configurations_.back().configuration; }
  // Of its entry; the snapshot's if it is from there.
  Index configuration_index() const { return configurations_.back().index; }
  // The one that held at that index. REQUIRES: index >= snapshot_index().
  const Configuration& ConfigurationAt(Index index) const;
  // In the one that held at that index, or any after it. REQUIRES: as above.
  bool IsVoterSince(Index index, ServerId server) const;

  void CheckInvariants() const;

 private:
  struct Held {
    Index index = 0;
    Configuration configuration;
  };

  RaftLog() = default;

  SnapshotPtr snapshot_;
  Index base_ = 0;      // Of the entry before entries_[0].
  Term base_term_ = 0;  // Its term.
  std::deque<LogEntry> entries_;
  std::vector<Held> configurations_ = {{}};  // By index; the first is the snapshot's.
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_RAFT_LOG_H_
