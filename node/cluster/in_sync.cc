#include "node/cluster/in_sync.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

using ledger::NodeBoot;

bool Holds(const std::vector<NodeBoot>& list, const NodeBoot& process) {
  return std::find(list.begin(), list.end(), process) != list.end();
}

}  // namespace

bool InSync::IsMember(const NodeBoot& process) const { return Holds(decided_.members, process); }

bool InSync::IsReplica(const NodeBoot& process) const { return Holds(decided_.replicas, process); }

bool InSync::IsBound(const NodeBoot& process) const {
  return IsMember(process) || Holds(proposed_, process);
}

void InSync::Take(const Decided& decided, int64_t now_ms) {
  if (decided == decided_) return;
  const bool same_tenure = decided.primary && decided_.primary && decided.shard == decided_.shard &&
                           decided.epoch == decided_.epoch && decided.self == decided_.self;
  // An entry that was proposed for another version does nothing (SAFETY 3).
  if (!same_tenure || decided.version != decided_.version) proposed_.clear();
  if (!same_tenure) {
    records_.clear();
    new_tenure_ = true;
  }
  decided_ = decided;
  std::erase_if(records_, [this](const auto& item) {
    return !IsReplica(item.first) && !IsBound(item.first);
  });
  if (decided_.primary) {
    for (const NodeBoot& process : decided_.members) {
      if (process == decided_.self || records_.contains(process)) continue;
      records_[process].gone_since_ms = now_ms;
    }
  }
  FindSafe();
}

void InSync::OnProgress(const NodeBoot& process, uint64_t offset, int64_t now_ms) {
  if (!decided_.primary || !(IsReplica(process) || IsBound(process))) return;
  Record& record = records_[process];
  record.spoke = true;
  record.gone_since_ms = 0;
  record.needs_copy = false;  // It goes on from where it was, after all.
  const bool news = offset > record.has;
  record.has = std::max(record.has, offset);
  const bool measured = record.goal_ms != 0 && !record.reached_ms.has_value();
  if (measured && record.has >= record.goal) record.reached_ms = now_ms;
  if (news) FindSafe();
}

void InSync::OnGone(const NodeBoot& process, int64_t now_ms) {
  const auto found = records_.find(process);
  if (found == records_.end() || !found->second.spoke) return;
  found->second.spoke = false;
  found->second.gone_since_ms = now_ms;
}

bool InSync::MayForget(const NodeBoot& process) {
  Record* record = nullptr;
  if (const auto found = records_.find(process); found != records_.end()) record = &found->second;
  const bool bound = decided_.primary && IsBound(process);
  if (record != nullptr) {
    record->needs_copy = bound;
    // It speaks again once it has the copy.
    if (!bound) *record = Record();
  }
  return !bound;
}

void InSync::FindSafe() {
  safe_offset_ = kEverything;
  const auto require = [this](const NodeBoot& process) {
    if (process == decided_.self) return;
    const auto found = records_.find(process);
    safe_offset_ = std::min(safe_offset_, found == records_.end() ? 0 : found->second.has);
  };
  for (const NodeBoot& process : decided_.members) require(process);
  for (const NodeBoot& process : proposed_) require(process);
}

void InSync::Measure(const Settings& settings, uint64_t data_offset, int64_t now_ms) {
  const bool synced = settings.synced || decided_.synced;
  const int64_t period = synced ? kMeasureMillis : settings.node_timeout_ms / kMeasureShare;
  for (auto& [process, record] : records_) {
    if (!record.spoke) continue;
    // Who was late is measured anew though nothing has been written: it may be on time by now.
    const bool late = record.reached_ms.has_value() && !WasOnTime(record);
    const bool again = record.goal_ms == 0 ||
                       (record.reached_ms.has_value() && (late || record.goal != data_offset) &&
                        now_ms - record.goal_ms >= period);
    if (again) {
      record.goal = data_offset;
      record.goal_ms = now_ms;
      record.reached_ms.reset();
      if (record.has >= data_offset && !late) record.reached_ms = now_ms;
    }
    wants_acks_ = wants_acks_ || !record.reached_ms.has_value();
  }
}

bool InSync::WasOnTime(const Record& record) {
  return record.reached_ms.has_value() && *record.reached_ms - record.goal_ms <= kCaughtUpMillis;
}

bool InSync::MustGo(const NodeBoot& process, const Settings& settings, int64_t now_ms) const {
  if (process == decided_.self) return false;
  if (!IsReplica(process)) return true;  // Its process has ended.
  const Record& record = records_.at(process);
  if (record.needs_copy) return true;
  if (!record.spoke) {
    const int64_t grace = std::max(kGoneMillisMin, settings.node_timeout_ms / kGoneShare);
    return now_ms - record.gone_since_ms >= grace;
  }
  // Who has spoken since the last measurement only is measured first.
  return record.goal_ms != 0 && !record.reached_ms.has_value() &&
         now_ms - record.goal_ms >= settings.node_timeout_ms;
}

bool InSync::MayCome(const NodeBoot& process) const {
  const auto found = records_.find(process);
  if (found == records_.end()) return false;
  const Record& record = found->second;
  return record.spoke && !record.needs_copy && WasOnTime(record);
}

std::optional<ledger::Change> InSync::Step(const Settings& settings, uint64_t data_offset,
                                           int64_t now_ms) {
  wants_acks_ = std::exchange(new_tenure_, false);
  if (!decided_.primary) return std::nullopt;
  // By what the last measurement has come to; the next one takes time.
  std::optional<ledger::Change> change = Choose(settings, now_ms);
  Measure(settings, data_offset, now_ms);
  return change;
}

std::optional<ledger::Change> InSync::Choose(const Settings& settings, int64_t now_ms) {
  if (open_ || now_ms < next_proposal_ms_) return std::nullopt;
  const bool turns_synced = settings.synced && !decided_.synced;
  const bool turns_async = settings.async && !settings.synced && decided_.synced;
  if (turns_synced || turns_async) {
    open_ = true;
    return ledger::WriteSafetyChanged{.shard = decided_.shard,
                                      .expected_epoch = decided_.epoch,
                                      .expected_in_sync_version = decided_.version,
                                      .synced = turns_synced};
  }
  std::vector<NodeBoot> next;
  for (const NodeBoot& process : decided_.members) {
    if (!MustGo(process, settings, now_ms)) next.push_back(process);
  }
  bool changes = next.size() != decided_.members.size();
  for (const NodeBoot& process : decided_.replicas) {
    if (IsMember(process) || !MayCome(process)) continue;
    next.push_back(process);
    if (!Holds(proposed_, process)) proposed_.push_back(process);
    changes = true;
  }
  // Whatever becomes of what was proposed before, after this it does nothing any more.
  if (!changes && proposed_.empty()) return std::nullopt;
  FindSafe();
  open_ = true;
  return ledger::InSyncChanged{.shard = decided_.shard,
                               .expected_epoch = decided_.epoch,
                               .expected_in_sync_version = decided_.version,
                               .in_sync = std::move(next)};
}

void InSync::OnDecided(bool accepted, int64_t now_ms) {
  CHECK(open_);
  open_ = false;
  if (!accepted) next_proposal_ms_ = now_ms + kRetryMillis;
}

}  // namespace slotmesh::node
