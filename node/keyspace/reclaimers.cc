#include "node/keyspace/reclaimers.h"

#include <utility>

namespace slotmesh::node {

SlicedReclaimer::~SlicedReclaimer() {
  for (Entry* entry : entries_) Entry::Free(entry);
}

void SlicedReclaimer::TakeTable(std::unique_ptr<SlotTable> table) {
  pending_ += table->size();
  tables_.push_back(std::move(table));
}

void SlicedReclaimer::TakeEntry(Entry* entry) {
  ++pending_;
  entries_.push_back(entry);
}

bool SlicedReclaimer::Step(uint32_t buckets) {
  for (; buckets > 0 && !entries_.empty(); --buckets) {
    Entry::Free(entries_.front());
    entries_.pop_front();
    --pending_;
  }
  while (buckets > 0 && !tables_.empty()) {
    SlotTable& table = *tables_.front();
    const uint64_t before = table.size();
    const bool done = table.Drain(1, &Entry::Free);
    pending_ -= before - table.size();
    if (done) tables_.pop_front();
    --buckets;
  }
  return entries_.empty() && tables_.empty();
}

BackgroundReclaimer::BackgroundReclaimer(std::function<void()> on_start)
    : thread_([this, on_start = std::move(on_start)] { Run(on_start); }) {}

BackgroundReclaimer::~BackgroundReclaimer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void BackgroundReclaimer::TakeTable(std::unique_ptr<SlotTable> table) {
  Take({.table = std::move(table)});
}

void BackgroundReclaimer::TakeEntry(Entry* entry) { Take({.table = nullptr, .entry = entry}); }

void BackgroundReclaimer::Take(Garbage garbage) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    pending_ += garbage.keys();
    queue_.push_back(std::move(garbage));
  }
  wake_.notify_one();
}

void BackgroundReclaimer::Run(const std::function<void()>& on_start) {
  if (on_start) on_start();
  std::vector<Garbage> batch;
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.swap(queue_);
    }
    uint64_t keys = 0;
    for (Garbage& garbage : batch) {
      keys += garbage.keys();
      Entry::Free(garbage.entry);
      garbage.table.reset();
    }
    batch.clear();
    const std::lock_guard<std::mutex> lock(mutex_);
    pending_ -= keys;
    freed_ += keys;
  }
}

uint64_t BackgroundReclaimer::pending() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return pending_;
}

uint64_t BackgroundReclaimer::freed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return freed_;
}

}  // namespace slotmesh::node
