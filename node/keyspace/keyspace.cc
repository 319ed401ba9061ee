#include "node/keyspace/keyspace.h"

#include <utility>

#include "node/data/hash.h"
#include "slots/check.h"

namespace slotmesh::node {

Keyspace::Keyspace(const Options& options) {
  CHECK_GT(options.databases, 0);
  shared_.cluster = options.cluster;
  shared_.hash_seed = options.hash_seed;
  shared_.lfu_random = options.hash_seed | 1;
  for (int i = 0; i < options.databases; ++i) {
    databases_.push_back(std::make_unique<Database>(i, shared_));
  }
}

HashedKey Keyspace::Hash(std::string_view key, int slot) const {
  return {key, HashBytes(key, shared_.hash_seed), shared_.cluster ? slot : 0};
}

void Keyspace::Flush() {
  for (const auto& database : databases_) database->Flush();
}

void Keyspace::Swap(int a, int b) {
  CHECK(a >= 0 && a < database_count() && b >= 0 && b < database_count());
  if (shared_.touch_listener != nullptr) shared_.touch_listener->OnSwap(a, b);
  std::swap(databases_[a], databases_[b]);
  databases_[a]->index_ = a;
  databases_[b]->index_ = b;
}

uint64_t Keyspace::size() const {
  uint64_t size = 0;
  for (const auto& database : databases_) size += database->size();
  return size;
}

std::optional<uint16_t> Keyspace::NextWalkEpoch(bool others_run) {
  if (shared_.walk_epoch == UINT16_MAX) {
    if (others_run) return std::nullopt;
    for (const auto& database : databases_) {
      for (const auto& table : database->tables_) {
        if (table != nullptr) table->walk_epoch = 0;
      }
    }
    shared_.walk_epoch = 0;
  }
  return ++shared_.walk_epoch;
}

void Keyspace::Reclaim(std::unique_ptr<SlotTable> table) {
  if (shared_.reclaimer != nullptr) shared_.reclaimer->TakeTable(std::move(table));
}

void Keyspace::CheckInvariants() const {
  for (size_t i = 0; i < databases_.size(); ++i) {
    CHECK_EQ(databases_[i]->index(), static_cast<int>(i));
    databases_[i]->CheckInvariants();
  }
}

}  // namespace slotmesh::node
