// Who owns which slot.
#include <algorithm>

#include "slots/ledger/apply.h"

namespace slotmesh::ledger {
namespace {

// OK if the shard owns all of `slots` (at least one) and no move has any of them.
Verdict ExpectOwned(const View& view, const slots::ShardInfo& shard, const slots::SlotSet& slots) {
  if (slots.empty()) return Refuse(Refusal::kInvalid, "no slot is named");
  const slots::SlotSet missing = slots - shard.slots;
  if (!missing.empty()) {
    return Refuse(Refusal::kSlotNotOwned, "slot ", *missing.First(), " is not owned by ",
                  DescribeOwner(view, shard));
  }
  slots::Slot slot = 0;
  if (const MovePlan* move = FindMoving(view, slots, &slot)) {
    return Refuse(Refusal::kSlotMoving, "slot ", slot, " is being moved by plan ",
                  move->plan.ToHex());
  }
  return Unchanged();
}

// The side's shard, if epoch and process are those; else null and *why.
slots::ShardInfo* ExpectSide(View& view, const MoveSide& side, Verdict* why) {
  slots::ShardInfo* shard = ExpectShard(view, side.shard, side.epoch, why);
  if (shard == nullptr) return nullptr;
  Verdict process = ExpectProcess(view, {shard->primary, side.boot});
  if (process.ok() && shard->primary_boot == side.boot) return shard;
  if (process.ok()) {
    process = Refuse(Refusal::kBootMoved, "process ", side.boot, " is not the primary of shard ",
                     shard->id.ToHex());
  }
  *why = std::move(process);
  return nullptr;
}

// Null if the move is under way; else what to answer.
const MovePlan* ExpectMove(const View& view, const PlanId& plan, Verdict* why) {
  const MovePlan* move = view.FindMove(plan);
  if (move != nullptr) return move;
  const FinishedMove* finished = view.FindFinished(plan);
  if (finished == nullptr) {
    *why = Refuse(Refusal::kUnknownPlan, "there is no plan ", plan.ToHex());
  } else if (finished->committed) {
    *why = Refuse(Refusal::kUnknownPlan, "plan ", plan.ToHex(), " is committed");
  } else {
    *why = Refuse(Refusal::kUnknownPlan, "plan ", plan.ToHex(), " is aborted: ", finished->reason);
  }
  return nullptr;
}

}  // namespace

Verdict Apply(View& view, const SlotsAssigned& change) {
  Verdict why;
  slots::ShardInfo* shard = ExpectShard(view, change.shard, change.expected_epoch, &why);
  if (shard == nullptr) return why;
  if (change.slots.empty()) return Refuse(Refusal::kInvalid, "no slot is named");
  for (const slots::ShardInfo& owner : view.map.shards) {
    if (!owner.slots.Intersects(change.slots)) continue;
    return Refuse(Refusal::kSlotBusy, "slot ", *(owner.slots & change.slots).First(),
                  " is owned by ", DescribeOwner(view, owner));
  }
  shard->slots |= change.slots;
  CloseSlots(view, shard->id, change.slots);
  return Changed();
}

Verdict Apply(View& view, const SlotsUnassigned& change) {
  Verdict why;
  slots::ShardInfo* shard = ExpectShard(view, change.shard, change.expected_epoch, &why);
  if (shard == nullptr) return why;
  if (Verdict bad = ExpectOwned(view, *shard, change.slots); !bad.ok()) return bad;
  shard->slots -= change.slots;
  CloseSlots(view, shard->id, change.slots);
  return Changed();
}

Verdict Apply(View& view, const SlotsReassigned& change) {
  Verdict why;
  slots::ShardInfo* source = ExpectShard(view, change.source, change.source_epoch, &why);
  if (source == nullptr) return why;
  slots::ShardInfo* target = ExpectShard(view, change.target, change.target_epoch, &why);
  if (target == nullptr) return why;
  if (source == target) return Refuse(Refusal::kInvalid, "source and target are one shard");
  if (Verdict bad = ExpectOwned(view, *source, change.slots); !bad.ok()) return bad;
  source->slots -= change.slots;
  target->slots |= change.slots;
  CloseSlots(view, source->id, change.slots);
  CloseSlots(view, target->id, change.slots);
  return Changed();
}

Verdict Apply(View& view, const MovePlanned& change) {
  if (change.plan.is_zero()) return Refuse(Refusal::kInvalid, "the plan id is zero");
  if (view.FindMove(change.plan) != nullptr || view.FindFinished(change.plan) != nullptr) {
    return Refuse(Refusal::kPlanExists, "there is a plan ", change.plan.ToHex(), " already");
  }
  if (view.moves.size() >= kMovesMax) {
    return Refuse(Refusal::kTooMany, kMovesMax, " moves are under way, the most there can be");
  }
  Verdict why;
  const slots::ShardInfo* source = ExpectSide(view, change.source, &why);
  if (source == nullptr) return why;
  const slots::ShardInfo* target = ExpectSide(view, change.target, &why);
  if (target == nullptr) return why;
  if (source == target) return Refuse(Refusal::kInvalid, "source and target are one shard");
  if (Verdict bad = ExpectOwned(view, *source, change.slots); !bad.ok()) return bad;
  for (const OpenedSlot& open : view.opened) {
    if (!change.slots.Contains(open.slot)) continue;
    return Refuse(Refusal::kSlotMoving, "slot ", open.slot, " is open: it moves key by key");
  }
  MovePlan plan{change.plan, change.slots, change.source, change.target};
  const auto place =
      std::lower_bound(view.moves.begin(), view.moves.end(), change.plan,
                       [](const MovePlan& move, const PlanId& id) { return move.plan < id; });
  view.moves.insert(place, std::move(plan));
  return Changed();
}

Verdict Apply(View& view, const MoveCommitted& change) {
  Verdict why;
  const MovePlan* move = ExpectMove(view, change.plan, &why);
  if (move == nullptr) return why;
  if (!(move->source == change.source && move->target == change.target)) {
    return Refuse(Refusal::kInvalid, "plan ", change.plan.ToHex(), " is between other sides");
  }
  slots::ShardInfo* source = ExpectSide(view, change.source, &why);
  if (source == nullptr) return why;
  slots::ShardInfo* target = ExpectSide(view, change.target, &why);
  if (target == nullptr) return why;
  source->slots -= move->slots;
  target->slots |= move->slots;
  FinishMove(view, change.plan, true, "");
  return Changed();
}

Verdict Apply(View& view, const MoveAborted& change) {
  Verdict why;
  if (ExpectMove(view, change.plan, &why) == nullptr) return why;
  FinishMove(view, change.plan, false, change.reason);
  return Changed();
}

Verdict Apply(View& view, const SlotOpened& change) {
  const bool migrates = !change.migrating_to.is_zero();
  const bool imports = !change.importing_from.is_zero();
  if (change.slot >= slots::kSlotCount || (migrates && imports)) {
    return Refuse(Refusal::kInvalid, "slot ", change.slot, " cannot be opened like that");
  }
  Verdict why;
  const slots::ShardInfo* shard = ExpectShard(view, change.shard, change.expected_epoch, &why);
  if (shard == nullptr) return why;
  const slots::SlotSet slot = slots::SlotSet::Of(change.slot, change.slot);
  const std::vector<OpenedSlot> before = view.opened;
  CloseSlots(view, shard->id, slot);
  if (migrates || imports) {
    if (shard->slots.Contains(change.slot) != migrates) {
      return Refuse(migrates ? Refusal::kSlotNotOwned : Refusal::kSlotBusy, "slot ", change.slot,
                    migrates ? " is not owned by " : " is owned by ", DescribeOwner(view, *shard));
    }
    const NodeId& other = migrates ? change.migrating_to : change.importing_from;
    if (view.BootOf(other) == 0) {
      return Refuse(Refusal::kUnknownMember, "node ", other.ToHex(), " is not a member");
    }
    slots::Slot moving = 0;
    if (FindMoving(view, slot, &moving) != nullptr) {
      return Refuse(Refusal::kSlotMoving, "slot ", moving, " is being moved by a plan");
    }
    if (view.opened.size() >= kOpenedSlotsMax) {
      return Refuse(Refusal::kTooMany, kOpenedSlotsMax, " slots are open, the most there can be");
    }
    OpenedSlot open{change.slot, change.shard, change.migrating_to, change.importing_from};
    const auto place = std::lower_bound(
        view.opened.begin(), view.opened.end(), open, [](const OpenedSlot& a, const OpenedSlot& b) {
          return std::pair(a.slot, a.shard) < std::pair(b.slot, b.shard);
        });
    view.opened.insert(place, std::move(open));
  }
  return view.opened == before ? Unchanged() : Changed();
}

}  // namespace slotmesh::ledger
