#include "node/cluster/slot_handover.h"

#include <utility>
#include <vector>

#include "node/cluster/slot_release.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kIdBytes = 20;

// The shard of which the node is the primary, else null.
const slots::ShardInfo* ShardOfPrimary(const slots::SlotMap& map, const slots::NodeId& node) {
  const slots::ShardInfo* shard = map.ShardOf(node);
  return shard != nullptr && shard->primary == node ? shard : nullptr;
}

}  // namespace

SlotHandover::SlotHandover(Engine& engine, ClusterState& state, Send send)
    : engine_(engine), state_(state), send_(std::move(send)) {}

SlotHandover::~SlotHandover() { *alive_ = false; }

void SlotHandover::Ask(slots::Slot slot, const slots::NodeId& target, ControlLink::Done done) {
  if (asks_.size() >= kAsksMax) {
    return done(absl::ResourceExhaustedError(
        StrCat("ERR ", kAsksMax, " slots are being asked for already: try again")));
  }
  const absl::Time now = Now();
  asks_.emplace(slots::PlanId::Random(engine_.random),
                Asking{slot, target, std::move(done), now + kAskTimeout, now});
  // The owner may know before this node does that it has lost the slot.
  if (target == state_.self_id()) state_.ExpectSlots(slots::SlotSet::Of(slot, slot));
  Step();
}

void SlotHandover::Step() {
  // What `done` and the ledger do in between may call this again.
  std::vector<std::pair<Asking, absl::Status>> over;
  for (auto at = asks_.begin(); at != asks_.end();) {
    absl::Status result;
    if (!StepOne(at->first, at->second, &result)) {
      ++at;
      continue;
    }
    over.emplace_back(std::move(at->second), std::move(result));
    at = asks_.erase(at);
  }
  for (const auto& [ask, result] : over) End(ask, result);
}

void SlotHandover::End(const Asking& ask, const absl::Status& result) {
  if (ask.target == state_.self_id()) state_.SettleSlots(slots::SlotSet::Of(ask.slot, ask.slot));
  ask.done(result);
}

bool SlotHandover::StepOne(const slots::PlanId& id, Asking& ask, absl::Status* result) {
  const slots::ShardInfo* owner = state_.map().Owner(ask.slot);
  const slots::ShardInfo* target = ShardOfPrimary(state_.map(), ask.target);
  if (target == nullptr && !ask.target.is_zero()) {
    *result = absl::FailedPreconditionError("ERR Target node is not a master");
    return true;
  }
  if (owner == target) return true;
  const absl::Time now = Now();
  if (now >= ask.deadline) {
    *result = absl::DeadlineExceededError(StrCat(
        "ERR The owner of slot ", ask.slot, " did not give it away in time. It may still happen"));
    return true;
  }
  if (ask.given || owner == nullptr || now < ask.next_send) return false;
  if (target == nullptr && owner->primary == state_.self_id()) return false;
  ask.next_send = now + kAskRetry;
  if (owner->primary == state_.self_id()) return StepOwn(ask, *target, result);
  send_(
      owner->primary,
      EncodeFrame(
          {.kind = FrameKind::kGive, .plan = id, .offset = ask.slot, .bytes = ask.target.bytes()}));
  return false;
}

// The slot is this node's own.
bool SlotHandover::StepOwn(const Asking& ask, const slots::ShardInfo& target,
                           absl::Status* result) {
  if (state_.fenced().Contains(ask.slot)) return false;  // The ledger decides about it just now.
  *result = CheckRelease(engine_, state_, ask.slot);
  if (!result->ok()) return true;
  ReleaseSlot(state_, ask.slot, target, [](const absl::Status&) {});
  return false;
}

void SlotHandover::OnFrame(const slots::NodeId& from, const MigrationFrame& frame) {
  if (frame.kind == FrameKind::kGive) {
    OnGive(from, frame);
  } else {
    OnGiven(frame);
  }
}

void SlotHandover::OnGive(const slots::NodeId& from, const MigrationFrame& frame) {
  if (frame.offset >= slots::kSlotCount || frame.bytes.size() != kIdBytes ||
      giving_.contains(frame.plan)) {
    return;
  }
  state_.Refresh();
  const auto slot = static_cast<slots::Slot>(frame.offset);
  const slots::NodeId wanted = slots::NodeId::FromBytes(frame.bytes);
  const slots::ShardInfo* target = ShardOfPrimary(state_.map(), wanted);
  const slots::ShardInfo* owner = state_.map().Owner(slot);
  const slots::PlanId id = frame.plan;
  if (owner == target && (target != nullptr || wanted.is_zero())) {
    return Reply(from, id, Answer::kDone, "");
  }
  const bool known = target != nullptr || wanted.is_zero();
  const bool own = owner != nullptr && owner->primary == state_.self_id();
  if (!known || !own || state_.fenced().Contains(slot)) {
    return Reply(from, id, Answer::kNotNow, "");
  }
  const absl::Status refusal =
      target == nullptr ? absl::OkStatus() : CheckRelease(engine_, state_, slot);
  if (!refusal.ok()) return Reply(from, id, Answer::kRefused, ToStd(refusal.message()));
  giving_.insert(id);
  const ControlLink::Done done = [this, from, id, alive = alive_](const absl::Status& status) {
    if (!*alive || giving_.erase(id) == 0) return;
    Reply(from, id, status.ok() ? Answer::kDone : Answer::kRefused, ToStd(status.message()));
  };
  if (target != nullptr) return ReleaseSlot(state_, slot, *target, done);
  const slots::SlotSet slots = slots::SlotSet::Of(slot, slot);
  GiveAway(state_, ledger::SlotsUnassigned{owner->id, owner->epoch, slots}, slots, done);
}

void SlotHandover::OnGiven(const MigrationFrame& frame) {
  const auto found = asks_.find(frame.plan);
  if (found == asks_.end()) return;
  switch (static_cast<Answer>(frame.offset)) {
    case Answer::kDone:
      found->second.given = true;
      state_.Refresh();
      return Step();
    case Answer::kRefused: {
      const Asking ask = std::move(found->second);
      asks_.erase(found);
      return End(ask, absl::FailedPreconditionError(ToAbsl(frame.bytes)));
    }
    case Answer::kNotNow:
      return;  // It is asked again: one of the two pictures is about to change.
  }
}

void SlotHandover::Reply(const slots::NodeId& to, const slots::PlanId& id, Answer answer,
                         std::string_view reason) {
  send_(to, EncodeFrame({.kind = FrameKind::kGiven,
                         .plan = id,
                         .offset = static_cast<uint64_t>(answer),
                         .bytes = reason.substr(0, kStopReasonMax)}));
}

}  // namespace slotmesh::node
