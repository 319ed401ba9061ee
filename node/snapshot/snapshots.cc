#include "node/snapshot/snapshots.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {

// --- Snapshots ---

Snapshots::Snapshots(Keyspace& keyspace, const Journal& journal)
    : keyspace_(keyspace), journal_(journal) {}

Snapshots::~Snapshots() { CHECK(walks_.empty()); }

absl::StatusOr<std::unique_ptr<SnapshotWalk>> Snapshots::Begin(std::optional<slots::SlotSet> slots,
                                                               SnapshotConsumer& consumer) {
  CHECK(!journal_.in_unit());
  CHECK(!slots || keyspace_.cluster());
  for (const SnapshotWalk* walk : walks_) {
    if (!slots || !walk->slots_ || slots->Intersects(*walk->slots_)) {
      return absl::UnavailableError("a snapshot of some of these slots is under way");
    }
  }
  const std::optional<uint16_t> epoch = keyspace_.NextWalkEpoch(/*others_run=*/!walks_.empty());
  if (!epoch) return absl::UnavailableError("other snapshots must end first");
  std::unique_ptr<SnapshotWalk> walk(new SnapshotWalk(*this, std::move(slots), consumer, *epoch));
  walks_.push_back(walk.get());
  set_active(true);
  keyspace_.set_change_guard(this);
  if (!walk->slots_ && on_cut_ != nullptr) on_cut_();
  return walk;
}

SnapshotWalk* Snapshots::WalkOf(int slot) const {
  for (SnapshotWalk* walk : walks_) {
    if (walk->Covers(slot)) return walk;
  }
  return nullptr;
}

void Snapshots::BeforeChange(const Database& database, SlotTable& table, uint64_t hash) {
  if (SnapshotWalk* walk = WalkOf(table.slot)) {
    walk->Save(database, table, hash, /*in_parts=*/false);
  }
}

bool Snapshots::MustWait(const HashedKey& key) {
  SnapshotWalk* walk = WalkOf(key.slot);
  return walk != nullptr && walk->MustWait(key);
}

void Snapshots::OnDetached(const Database& database, std::unique_ptr<SlotTable>& table) {
  if (SnapshotWalk* walk = WalkOf(table->slot)) walk->Adopt(database, table);
}

void Snapshots::Remove(SnapshotWalk* walk) {
  std::erase(walks_, walk);
  if (!walks_.empty()) return;
  keyspace_.set_change_guard(nullptr);
  set_active(false);
}

// --- SnapshotWalk ---

SnapshotWalk::SnapshotWalk(Snapshots& owner, std::optional<slots::SlotSet> slots,
                           SnapshotConsumer& consumer, uint16_t epoch)
    : owner_(owner),
      slots_(std::move(slots)),
      consumer_(consumer),
      epoch_(epoch),
      begin_offset_(owner.journal_.offset()) {
  for (int i = 0; i < owner.keyspace_.database_count(); ++i) {
    databases_.push_back(&owner.keyspace_.database(i));
  }
}

SnapshotWalk::~SnapshotWalk() { Abort(); }

int SnapshotWalk::HomeOf(const Database& database) const {
  const auto at = std::find(databases_.begin(), databases_.end(), &database);
  CHECK(at != databases_.end());
  return static_cast<int>(at - databases_.begin());
}

// True if the table still has something that the walk must hand out.
bool SnapshotWalk::Join(SlotTable& table) {
  if (table.walk_epoch < epoch_) {
    table.walk_epoch = epoch_;
    table.BeginWalk();
  }
  // A table with this epoch that is not being walked is finished, or was made after the cut.
  return table.walking();
}

void SnapshotWalk::HandOut(int database, SlotTable& table, const Entry& entry, bool in_parts) {
  if (!in_parts || !consumer_.TakesInParts(entry)) {
    return consumer_.OnEntry({database, table.slot, entry});
  }
  const uint64_t hash = owner_.keyspace_.Hash(entry.key(), table.slot).hash;
  big_.push_back({database, table.slot, &table, hash, &entry});
}

void SnapshotWalk::Save(const Database& database, SlotTable& table, uint64_t hash, bool in_parts) {
  if (!in_parts) {
    for (auto big = FindBig(table, hash); big != big_.end(); big = FindBig(table, hash)) {
      FinishBig(big);
    }
  }
  if (!Join(table)) return;
  const int home = HomeOf(database);
  table.SaveBucket(hash, [&](const Entry& entry) {
    ++saved_early_;
    // Of those in the bucket only the one with that hash may change; the others take their turn.
    const bool later = in_parts || owner_.keyspace_.Hash(entry.key(), table.slot).hash != hash;
    HandOut(home, table, entry, later);
  });
}

void SnapshotWalk::SaveNow(int database, const HashedKey& key) {
  Database& home = owner_.keyspace_.database(database);
  SlotTable* table = done_ || !Covers(key.slot) ? nullptr : home.table(key.slot);
  if (table != nullptr) Save(home, *table, key.hash, /*in_parts=*/false);
}

std::deque<SnapshotWalk::Big>::iterator SnapshotWalk::FindBig(const SlotTable& table,
                                                              uint64_t hash) {
  return std::find_if(big_.begin(), big_.end(),
                      [&](const Big& big) { return big.table == &table && big.hash == hash; });
}

// All that is left of it, at once.
void SnapshotWalk::FinishBig(std::deque<Big>::iterator big) {
  if (big->begun) {
    while (!consumer_.OnPart(big->Item())) continue;
  } else {
    consumer_.OnEntry(big->Item());
  }
  big_.erase(big);
  Release();
}

void SnapshotWalk::StepBig() {
  Big& big = big_.front();
  big.begun = true;
  if (!consumer_.OnPart(big.Item())) return;
  big_.pop_front();
  Release();
}

// Those that wait look again whether they have to.
void SnapshotWalk::Release() {
  if (!std::exchange(waited_for_, false)) return;
  if (owner_.on_released_ != nullptr) owner_.on_released_();
}

bool SnapshotWalk::MustWait(const HashedKey& key) {
  bool wait = false;
  for (size_t home = 0; home < databases_.size() && !done_; ++home) {
    SlotTable* table = databases_[home]->table(key.slot);
    if (table != nullptr) wait |= PutForward(static_cast<int>(home), *table, key);
  }
  if (wait && !std::exchange(waited_for_, true)) consumer_.OnAwaited();
  return wait;
}

// True if the key's value is big and still to be saved.
bool SnapshotWalk::PutForward(int database, SlotTable& table, const HashedKey& key) {
  const Database& home = *databases_[static_cast<size_t>(database)];
  const Entry* entry = home.FindRaw(key);
  if (entry == nullptr || !consumer_.TakesInParts(*entry)) return false;
  Save(home, table, key.hash, /*in_parts=*/true);
  const auto big = FindBig(table, key.hash);
  if (big == big_.end()) return false;
  // Behind the one that is half saved, if any is.
  const auto next = big_.begin() + (big_.front().begun ? 1 : 0);
  if (big > next) std::rotate(next, big, big + 1);
  return true;
}

void SnapshotWalk::Adopt(const Database& database, std::unique_ptr<SlotTable>& table) {
  if (!Join(*table)) {
    // Only what is in line still needs it.
    for (size_t i = big_.size(); i > 0; --i) {
      const auto big = big_.begin() + static_cast<ptrdiff_t>(i - 1);
      if (big->table == table.get()) FinishBig(big);
    }
    return;
  }
  const int home = HomeOf(database);
  const bool current = home == static_cast<int>(database_) && table->slot == slot_;
  detached_.push_back({std::move(table), home, current ? cursor_ : 0});
  if (current) cursor_ = 0;  // Another table may take its place.
}

// One bucket of a table that has left the keyspace. False if there is none.
bool SnapshotWalk::StepDetached() {
  if (detached_.empty()) return false;
  Detached& detached = detached_.back();
  SlotTable& table = *detached.table;
  if (detached.walked) {
    // By now nothing of it is in line.
    table.EndWalk(true);
    owner_.keyspace_.Reclaim(std::move(detached.table));
    detached_.pop_back();
    return true;
  }
  detached.cursor = table.WalkStep(detached.cursor, [&](const Entry& entry) {
    ++walked_;
    HandOut(detached.database, table, entry, /*in_parts=*/true);
  });
  detached.walked = detached.cursor == 0;
  return true;
}

// The first slot of the walk at or after `slot`; slot_count() if there is none.
int SnapshotWalk::NextCovered(const Database& database, int slot) const {
  if (database.never_used()) return database.slot_count();
  if (!slots_) return slot;
  const std::optional<slots::Slot> next = slots_->NextFrom(slot);
  return next ? *next : database.slot_count();
}

// One bucket of the next table that has any, or past a number of slots without. False if there is
// no further slot.
bool SnapshotWalk::StepTable() {
  constexpr int kSkippedPerStepMax = 512;
  for (int i = 0; i < kSkippedPerStepMax && database_ < databases_.size(); ++i) {
    Database& database = *databases_[database_];
    slot_ = NextCovered(database, slot_);
    if (slot_ == database.slot_count()) {
      ++database_;
      slot_ = 0;
      continue;
    }
    SlotTable* table = database.table(slot_);
    if (table == nullptr || !Join(*table)) {
      ++slot_;
      cursor_ = 0;
      continue;
    }
    cursor_ = table->WalkStep(cursor_, [&](const Entry& entry) {
      ++walked_;
      HandOut(static_cast<int>(database_), *table, entry, /*in_parts=*/true);
    });
    if (cursor_ == 0) {
      table->EndWalk(true);
      ++slot_;
    }
    return true;
  }
  return database_ < databases_.size();
}

bool SnapshotWalk::Step(absl::FunctionRef<bool()> out_of_time) {
  constexpr int kStepsPerClockCheck = 16;
  while (!done_) {
    for (int i = 0; i < kStepsPerClockCheck; ++i) {
      if (!consumer_.WantsMore()) return false;
      if (!big_.empty()) {
        StepBig();
      } else if (!StepDetached() && !StepTable()) {
        Finish();
        return true;
      }
    }
    if (out_of_time()) return false;
  }
  return true;
}

void SnapshotWalk::Finish() {
  done_ = true;
  owner_.Remove(this);
  Release();
}

void SnapshotWalk::Abort() {
  if (done_) return;
  for (Database* database : databases_) {
    for (int slot = NextCovered(*database, 0); slot < database->slot_count();
         slot = NextCovered(*database, slot + 1)) {
      SlotTable* table = database->table(slot);
      if (table != nullptr && table->walking()) table->EndWalk(false);
    }
  }
  for (Detached& detached : detached_) {
    detached.table->EndWalk(false);
    owner_.keyspace_.Reclaim(std::move(detached.table));
  }
  detached_.clear();
  big_.clear();
  Finish();
}

}  // namespace slotmesh::node
