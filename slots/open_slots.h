// Slots that are being moved key by key (CLUSTER SETSLOT MIGRATING and IMPORTING), as one node sees
// it.
//
// Not thread safe. Asking about a slot that is not open, the common case, tests one bit. Few slots
// are open at a time; each costs an entry of about 50 bytes.
#ifndef SLOTMESH_SLOTS_OPEN_SLOTS_H_
#define SLOTMESH_SLOTS_OPEN_SLOTS_H_

#include "absl/container/btree_map.h"
#include "slots/ids.h"
#include "slots/slot_set.h"

namespace slotmesh::slots {

// At most one of the two is set.
struct OpenSlot {
  NodeId migrating_to;
  NodeId importing_from;

  friend bool operator==(const OpenSlot&, const OpenSlot&) = default;
};

class OpenSlots {
 public:
  // Each replaces what was said of the slot before. REQUIRES: the id is not zero.
  void SetMigrating(Slot slot, const NodeId& to);
  void SetImporting(Slot slot, const NodeId& from);
  void Close(Slot slot);
  void Clear();

  // Null if the slot is not open. Valid until the next change.
  const OpenSlot* Find(Slot slot) const {
    return open_.Contains(slot) ? &slots_.find(slot)->second : nullptr;
  }
  bool empty() const { return slots_.empty(); }
  // Rising by slot.
  const absl::btree_map<Slot, OpenSlot>& all() const { return slots_; }

 private:
  SlotSet open_;  // The keys of slots_.
  absl::btree_map<Slot, OpenSlot> slots_;
};

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_OPEN_SLOTS_H_
