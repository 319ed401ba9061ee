// Snapshots: point-in-time walks over slots, without fork.
//
// A walk is cut between two transactions: what it hands out is every key of its slots as it was at
// that moment, each exactly once, however much is written meanwhile; begin_offset() is the
// journal's offset of the same moment, so snapshot plus journal from there is the state of any
// later moment. The engine thread advances it in slices; a bucket (4.5 keys on average) that a
// write is about to change is handed out first. Nothing is copied or marked at the start: beginning
// a walk costs the same for an empty node and for one with a billion keys. Whole tables that a
// flush throws away during a walk are kept by the walk until they are handed out.
//
// Entries are handed out by reference for the length of the call: the consumer copies or encodes
// what it needs (SAFETY 25). The same walk serves slot migration, BGSAVE, AOF rewriting and full
// resynchronisation.
//
// A consumer may take big values in parts. From then on until its last part such a value stays as
// it is: requests that can wait are told to (MustWait), which makes the value the next to be handed
// out; for a writer that cannot wait the rest is handed out at once (SAFETY 26). A value that
// nobody waits for takes its turn.
//
// Several walks may run at a time if they share no slot; a caller that is refused tries again
// later. While a walk runs, its tables grow but do not shrink.
//
// Engine thread only. Snapshots borrows keyspace and journal, walks borrow their consumer; walks go
// before Snapshots, Snapshots before the keyspace. Invariants: a table is being walked by at most
// one walk; a table made after the cut is never walked.
#ifndef SLOTMESH_NODE_SNAPSHOT_SNAPSHOTS_H_
#define SLOTMESH_NODE_SNAPSHOT_SNAPSHOTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "node/journal/journal.h"
#include "node/keyspace/big_value_gate.h"
#include "node/keyspace/keyspace.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

// One key of a snapshot.
struct SnapshotItem {
  int database;  // Its number when the walk began.
  int slot;
  // As it was at the cut, expiry included. A key whose expiry has passed is handed out too. Valid
  // during the call.
  const Entry& entry;
};

class SnapshotConsumer {
 public:
  virtual ~SnapshotConsumer() = default;
  // Must not change the keyspace. Cannot refuse: a write may be waiting for it.
  virtual void OnEntry(const SnapshotItem& item) = 0;
  // The value is to come in parts: by OnPart, again and again, until that says it has all. Other
  // entries, other big ones too, may come whole in between.
  virtual bool TakesInParts(const Entry&) const { return false; }
  virtual bool OnPart(const SnapshotItem& item) { return OnEntry(item), true; }
  // Somebody waits for a big value: asked for more than it wants, it had better take that.
  virtual void OnAwaited() {}
  // False pauses Step (buffers are full). Writes go on handing out what they change.
  virtual bool WantsMore() const { return true; }
};

class SnapshotWalk;

class Snapshots : public BigValueGate, private ChangeGuard {
 public:
  Snapshots(Keyspace& keyspace, const Journal& journal);
  // REQUIRES: all walks have gone.
  ~Snapshots() override;
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  // Begins a walk over all keys (no `slots`) or those of some slots in all databases. Unavailable
  // if another walk has one of the slots. REQUIRES: not within a unit of the journal; without
  // cluster mode, no `slots`.
  absl::StatusOr<std::unique_ptr<SnapshotWalk>> Begin(std::optional<slots::SlotSet> slots,
                                                      SnapshotConsumer& consumer);
  size_t running() const { return walks_.size(); }

  // BigValueGate.
  bool MustWait(const HashedKey& key) override;
  // Called when those that wait may try again.
  void set_on_released(std::function<void()> on_released) { on_released_ = std::move(on_released); }
  // Called when a walk over all keys begins, whose consumer is about to read on in the journal,
  // maybe.
  void set_on_cut(std::function<void()> on_cut) { on_cut_ = std::move(on_cut); }

 private:
  friend class SnapshotWalk;

  void BeforeChange(const Database& database, SlotTable& table, uint64_t hash) override;
  void OnDetached(const Database& database, std::unique_ptr<SlotTable>& table) override;
  SnapshotWalk* WalkOf(int slot) const;
  void Remove(SnapshotWalk* walk);

  Keyspace& keyspace_;
  const Journal& journal_;
  std::vector<SnapshotWalk*> walks_;
  std::function<void()> on_released_;
  std::function<void()> on_cut_;
};

class SnapshotWalk {
 public:
  // Aborts the walk unless it is done.
  ~SnapshotWalk();
  SnapshotWalk(const SnapshotWalk&) = delete;
  SnapshotWalk& operator=(const SnapshotWalk&) = delete;

  // Hands out more, until `out_of_time` says so (asked every 16 buckets), the consumer wants no
  // more, or all is done. True when done.
  bool Step(absl::FunctionRef<bool()> out_of_time);
  bool done() const { return done_; }
  // Hands out the key's bucket now, unless that was done: before a stream carries a command that
  // reads the key without changing it.
  void SaveNow(int database, const HashedKey& key);
  // Stops; nothing more is handed out. O(slots).
  void Abort();

  // The journal's offset at the cut.
  uint64_t begin_offset() const { return begin_offset_; }
  // Keys handed out by steps, and early because of writes.
  uint64_t walked() const { return walked_; }
  uint64_t saved_early() const { return saved_early_; }
  // A request waits for a big value.
  bool waited_for() const { return waited_for_; }

 private:
  friend class Snapshots;

  // A table that has left the keyspace.
  struct Detached {
    std::unique_ptr<SlotTable> table;
    int database;
    uint64_t cursor;
    bool walked = false;
  };
  // A value that is handed out in parts, or is to be.
  struct Big {
    SnapshotItem Item() const { return {database, slot, *entry}; }

    int database;
    int slot;
    const SlotTable* table;
    uint64_t hash;
    const Entry* entry;
    bool begun = false;
  };

  SnapshotWalk(Snapshots& owner, std::optional<slots::SlotSet> slots, SnapshotConsumer& consumer,
               uint16_t epoch);
  bool Covers(int slot) const { return !slots_ || slots_->Contains(static_cast<uint16_t>(slot)); }
  int NextCovered(const Database& database, int slot) const;
  int HomeOf(const Database& database) const;
  bool Join(SlotTable& table);
  // What shares the bucket, early; with `in_parts` big values are only put in line.
  void Save(const Database& database, SlotTable& table, uint64_t hash, bool in_parts);
  void HandOut(int database, SlotTable& table, const Entry& entry, bool in_parts);
  std::deque<Big>::iterator FindBig(const SlotTable& table, uint64_t hash);
  void FinishBig(std::deque<Big>::iterator big);
  void StepBig();
  bool PutForward(int database, SlotTable& table, const HashedKey& key);
  bool MustWait(const HashedKey& key);
  void Release();
  void Adopt(const Database& database, std::unique_ptr<SlotTable>& table);
  bool StepDetached();
  bool StepTable();
  void Finish();

  Snapshots& owner_;
  const std::optional<slots::SlotSet> slots_;
  SnapshotConsumer& consumer_;
  uint16_t epoch_;
  uint64_t begin_offset_;
  std::vector<Database*> databases_;  // By their number when the walk began.
  // Where the next step goes on.
  size_t database_ = 0;
  int slot_ = 0;
  uint64_t cursor_ = 0;
  std::vector<Detached> detached_;
  std::deque<Big> big_;  // The first one is handed out, the others are to be.
  bool waited_for_ = false;
  bool done_ = false;
  uint64_t walked_ = 0;
  uint64_t saved_early_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_SNAPSHOT_SNAPSHOTS_H_
