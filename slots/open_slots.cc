#include "slots/open_slots.h"

#include "slots/check.h"

namespace slotmesh::slots {

void OpenSlots::SetMigrating(Slot slot, const NodeId& to) {
  CHECK(!to.is_zero());
  open_.Add(slot);
  slots_[slot] = {.migrating_to = to};
}

void OpenSlots::SetImporting(Slot slot, const NodeId& from) {
  CHECK(!from.is_zero());
  open_.Add(slot);
  slots_[slot] = {.importing_from = from};
}

void OpenSlots::Close(Slot slot) {
  open_.Remove(slot);
  slots_.erase(slot);
}

void OpenSlots::Clear() {
  open_.Clear();
  slots_.clear();
}

}  // namespace slotmesh::slots
