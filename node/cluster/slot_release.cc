#include "node/cluster/slot_release.h"

#include <string>
#include <utility>
#include <vector>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void ProposeToGive(ClusterState& state, const ledger::Change& change, const slots::SlotSet& slots,
                   ControlLink::Done done, bool again) {
  state.SetFence(slots, Fence::kWrites);
  state.link().Propose(
      change, [&state, change, slots, done = std::move(done), again](const absl::Status& status) {
        // What was not even proposed says nothing about the time before.
        if (absl::IsUnavailable(status) || (again && absl::IsResourceExhausted(status))) {
          ProposeToGive(
              state, change, slots, [](const absl::Status&) {}, /*again=*/true);
        } else {
          state.Refresh();
          state.LiftFence(slots);
        }
        done(status);
      });
}

// True if the slot holds a key that has not expired. Else nothing is left in it.
bool HoldsKeys(Engine& engine, int slot) {
  for (int i = 0; i < engine.keyspace.database_count(); ++i) {
    Database& db = engine.keyspace.database(i);
    if (db.slot_size(slot) == 0) continue;
    bool live = false;
    db.KeysInSlot(slot, 1, engine.now_ms, [&](const Entry&) { live = true; });
    if (live) return true;
    std::vector<std::string> expired;
    uint64_t cursor = 0;
    do {
      cursor =
          db.Scan(cursor, slot, [&](const Entry& entry) { expired.emplace_back(entry.key()); });
    } while (cursor != 0);
    for (const std::string& key : expired) {
      (void)db.FindWrite(HashKey(engine.keyspace, key), engine.now_ms);
    }
  }
  return false;
}

}  // namespace

void GiveAway(ClusterState& state, const ledger::Change& change, const slots::SlotSet& slots,
              ControlLink::Done done) {
  ProposeToGive(state, change, slots, std::move(done), /*again=*/false);
}

absl::Status CheckRelease(Engine& engine, const ClusterState& state, slots::Slot slot) {
  if (state.fenced().Contains(slot)) {
    return absl::FailedPreconditionError(
        StrCat("ERR Slot ", slot, " is changing hands already: try again"));
  }
  if (state.picture().data_missing || HoldsKeys(engine, slot)) {
    return absl::FailedPreconditionError(
        StrCat("ERR Can't assign hashslot ", slot,
               " to a different node while I still hold keys for this hash slot."));
  }
  return absl::OkStatus();
}

void ReleaseSlot(ClusterState& state, slots::Slot slot, const slots::ShardInfo& target,
                 ControlLink::Done done) {
  const slots::ShardInfo& own = *state.self_shard();
  const slots::SlotSet slots = slots::SlotSet::Of(slot, slot);
  GiveAway(state, ledger::SlotsReassigned{slots, own.id, own.epoch, target.id, target.epoch}, slots,
           std::move(done));
}

}  // namespace slotmesh::node
