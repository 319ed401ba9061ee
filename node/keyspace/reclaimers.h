// Two ways to free what the keyspace throws away: in slices on the engine thread, or on a thread of
// its own.
#ifndef SLOTMESH_NODE_KEYSPACE_RECLAIMERS_H_
#define SLOTMESH_NODE_KEYSPACE_RECLAIMERS_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "node/keyspace/observer.h"
#include "node/keyspace/slot_table.h"

namespace slotmesh::node {

// Frees a bounded part of the garbage in each Step. Engine thread only; owns the garbage. The
// choice of simulations and of nodes that may not have more threads.
class SlicedReclaimer : public Reclaimer {
 public:
  ~SlicedReclaimer() override;
  void TakeTable(std::unique_ptr<SlotTable> table) override;
  void TakeEntry(Entry* entry) override;
  // Frees the keys of `buckets` buckets (4.5 keys each) or as many entries. True when nothing is
  // left.
  bool Step(uint32_t buckets);
  // Keys that wait (INFO lazyfree_pending_objects).
  uint64_t pending() const { return pending_; }

 private:
  std::deque<std::unique_ptr<SlotTable>> tables_;
  std::deque<Entry*> entries_;
  uint64_t pending_ = 0;
};

// Frees on a thread that it owns. Take... by one thread, the engine's; pending() and freed() by
// any. Destruction frees what is left first.
class BackgroundReclaimer : public Reclaimer {
 public:
  // `on_start` is called on the thread when it begins.
  explicit BackgroundReclaimer(std::function<void()> on_start = nullptr);
  ~BackgroundReclaimer() override;
  void TakeTable(std::unique_ptr<SlotTable> table) override;
  void TakeEntry(Entry* entry) override;
  uint64_t pending() const;
  // Keys freed so far (INFO lazyfreed_objects).
  uint64_t freed() const;

 private:
  struct Garbage {
    std::unique_ptr<SlotTable> table;
    Entry* entry = nullptr;
    uint64_t keys() const { return table != nullptr ? table->size() : 1; }
  };
  void Take(Garbage garbage);
  void Run(const std::function<void()>& on_start);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Garbage> queue_;  // Guarded by mutex_, as all below.
  uint64_t pending_ = 0;
  uint64_t freed_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_RECLAIMERS_H_
