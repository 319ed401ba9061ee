#include "node/cluster/migration/staged_moves.h"

#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {

slots::SlotSet StagedMoves::complete_slots() const {
  slots::SlotSet slots;
  for (const auto& [plan, move] : moves_) {
    if (move.complete) slots |= move.slots;
  }
  return slots;
}

void StagedMoves::Begin(const slots::PlanId& plan, const slots::MapVersion& known_at,
                        slots::SlotSet slots) {
  Move& move = moves_[plan];
  move = Move{.known_at = known_at, .slots = std::move(slots)};
  move.copies = live_.journal.copies();
  move.staging = std::make_unique<Staging>(live_, move.slots, reclaimer_);
}

void StagedMoves::Add(const slots::PlanId& plan, std::string_view bytes) {
  const auto found = moves_.find(plan);
  if (found == moves_.end() || found->second.broken) return;
  Move& move = found->second;
  const auto stop = [&](std::string_view why) {
    log_.Warning(StrCat("What was journalled of slot move ", plan.ToHex(), " is of no use: ", why));
    move.staging.reset();
    move.complete = false;
    move.broken = true;
  };
  if (move.complete) return stop("it goes on behind its end");
  move.reader.Feed(bytes);
  Record record;
  while (true) {
    const absl::StatusOr<bool> read = move.reader.Next(&record);
    if (!read.ok()) return stop(ToStd(read.status().message()));
    if (!*read) return;
    if (record.kind == RecordKind::kFinal) {
      move.complete = true;
      if (move.reader.unread() > 0) stop("it goes on behind its end");
      return;
    }
    const absl::Status applied = move.staging->Apply(record);
    if (!applied.ok()) return stop(ToStd(applied.message()));
  }
}

absl::Status StagedMoves::Adopt(const slots::PlanId& plan) {
  const auto found = moves_.find(plan);
  const bool complete = found != moves_.end() && found->second.complete;
  if (complete) found->second.staging->AdoptInto(live_.keyspace);
  if (found != moves_.end()) moves_.erase(found);
  if (complete) return absl::OkStatus();
  return absl::FailedPreconditionError(
      StrCat("ERR the data of slot move ", plan.ToHex(), " is not all here"));
}

void StagedMoves::Keep(const slots::PlanId& plan, const slots::MapVersion& known_at,
                       const slots::SlotSet& slots, std::unique_ptr<Staging> staging) {
  moves_[plan] = Move{.known_at = known_at, .slots = slots, .staging = std::move(staging)};
  moves_[plan].complete = true;
  moves_[plan].copies = live_.journal.copies();
}

}  // namespace slotmesh::node
