#include "node/cluster/migration/migration_book.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {

std::string_view MoveStageName(MoveStage stage) {
  switch (stage) {
    case MoveStage::kWaiting:
      return "waiting";
    case MoveStage::kCopying:
      return "copying";
    case MoveStage::kFenced:
      return "fenced";
    case MoveStage::kAborting:
      return "aborting";
    case MoveStage::kSuccess:
      return "success";
    case MoveStage::kFailed:
      return "failed";
    case MoveStage::kCancelled:
      return "cancelled";
  }
  return "";
}

const MigrationRecord* MigrationBook::Find(const slots::PlanId& plan) const {
  const auto at = std::find_if(records_.begin(), records_.end(),
                               [&](const MigrationRecord& one) { return one.plan == plan; });
  return at == records_.end() ? nullptr : &*at;
}

MigrationRecord& MigrationBook::Running(const slots::PlanId& plan) {
  const auto at = std::find_if(records_.begin(), records_.end(),
                               [&](const MigrationRecord& one) { return one.plan == plan; });
  CHECK(at != records_.end() && !HasEnded(at->stage));
  return *at;
}

void MigrationBook::Begin(MigrationRecord record) {
  CHECK(Find(record.plan) == nullptr && record.stage == MoveStage::kWaiting);
  records_.push_front(std::move(record));
  ++running_;
}

void MigrationBook::Update(const slots::PlanId& plan, const Progress& progress, int64_t now_ms) {
  CHECK(!HasEnded(progress.stage));
  MigrationRecord& record = Running(plan);
  uint64_t& keys = record.exporting ? totals_.keys_sent : totals_.keys_received;
  uint64_t& bytes = record.exporting ? totals_.bytes_sent : totals_.bytes_received;
  keys += progress.keys - record.keys;
  bytes += progress.bytes - record.bytes;
  record.keys = progress.keys;
  record.bytes = progress.bytes;
  record.remaining_bytes = progress.remaining_bytes;
  record.last_ack_ms = std::max(record.last_ack_ms, progress.last_ack_ms);
  if (record.stage != progress.stage) record.updated_ms = now_ms;
  record.stage = progress.stage;
}

void MigrationBook::CountEnd(const MigrationRecord& record) {
  const bool success = record.stage == MoveStage::kSuccess;
  if (record.exporting) {
    ++(success ? totals_.exports_succeeded : totals_.exports_failed);
  } else {
    ++(success ? totals_.imports_succeeded : totals_.imports_failed);
  }
}

void MigrationBook::End(const slots::PlanId& plan, MoveStage stage, std::string_view message,
                        int64_t now_ms) {
  CHECK(HasEnded(stage));
  MigrationRecord& record = Running(plan);
  record.stage = stage;
  record.message = std::string(message);
  record.updated_ms = now_ms;
  record.remaining_bytes = 0;
  CountEnd(record);
  --running_;
  if (records_.size() - running_ <= kMigrationsKeptMax) return;
  const auto oldest = std::find_if(records_.rbegin(), records_.rend(),
                                   [](const MigrationRecord& one) { return HasEnded(one.stage); });
  records_.erase(std::next(oldest).base());
}

}  // namespace slotmesh::node
