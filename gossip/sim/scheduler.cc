#include "gossip/sim/scheduler.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "slots/check.h"

namespace slotmesh::sim {

Scheduler::Scheduler(uint64_t seed)
    : seed_(seed),
      start_(absl::UnixEpoch() + absl::Hours(24 * 365)),
      random_(Random::Mix(seed + 0x5107)),
      now_(start_),
      trace_hash_(Random::Mix(seed)) {}

bool Scheduler::Later(const Key& a, const Key& b) {
  return a.when_ns != b.when_ns ? a.when_ns > b.when_ns : a.order > b.order;
}

EventId Scheduler::At(absl::Time when, Action action) {
  uint32_t index;
  if (free_cells_.empty()) {
    index = static_cast<uint32_t>(cells_.size());
    cells_.emplace_back();
  } else {
    index = free_cells_.back();
    free_cells_.pop_back();
  }
  cells_[index].action = std::move(action);
  const EventId id{index, cells_[index].generation};
  // Rounded up: whoever waits for a time finds that it has come.
  const absl::Duration wait = absl::Ceil(std::max(when, now_) - start_, absl::Nanoseconds(1));
  queue_.push_back({absl::ToInt64Nanoseconds(wait), order_++, id});
  std::push_heap(queue_.begin(), queue_.end(), Later);
  return id;
}

bool Scheduler::IsLive(EventId id) const {
  return id.index < cells_.size() && cells_[id.index].generation == id.generation;
}

Scheduler::Action Scheduler::Take(EventId id) {
  Cell& cell = cells_[id.index];
  ++cell.generation;
  free_cells_.push_back(id.index);
  return std::exchange(cell.action, nullptr);
}

bool Scheduler::Cancel(EventId id) {
  if (!IsLive(id)) return false;
  Take(id);
  ++cancelled_;
  return true;
}

void Scheduler::AddChecker(std::string name, Checker check, uint64_t every) {
  CHECK_GE(every, 1u);
  checkers_.push_back({std::move(name), std::move(check), every});
}

void Scheduler::Check(const NamedChecker& checker) {
  if (!status_.ok()) return;
  const absl::Status found = checker.check();
  if (!found.ok()) Fail(absl::StrCat(checker.name, ": ", found.message()));
}

void Scheduler::CheckNow() {
  for (const NamedChecker& checker : checkers_) Check(checker);
}

void Scheduler::Fail(std::string_view finding) {
  if (!status_.ok()) return;
  status_ = absl::InternalError(absl::StrCat("seed=", seed_, " event=", events_run_, " at ",
                                             absl::FormatDuration(elapsed()), ": ",
                                             std::string(finding)));
  std::fprintf(stderr, "simulation failed: %s\n", std::string(status_.message()).c_str());
}

void Scheduler::DropCancelled() {
  while (!queue_.empty() && !IsLive(queue_.front().id)) {
    std::pop_heap(queue_.begin(), queue_.end(), Later);
    queue_.pop_back();
    --cancelled_;
  }
}

bool Scheduler::RunOneUntil(int64_t limit_ns) {
  if (!status_.ok()) return false;
  DropCancelled();
  if (queue_.empty() || queue_.front().when_ns > limit_ns) return false;
  const Key key = queue_.front();
  std::pop_heap(queue_.begin(), queue_.end(), Later);
  queue_.pop_back();
  now_ = start_ + absl::Nanoseconds(key.when_ns);
  Trace(static_cast<uint64_t>(key.when_ns), key.order);
  Take(key.id)();
  ++events_run_;
  for (const NamedChecker& checker : checkers_) {
    if (events_run_ % checker.every == 0) Check(checker);
  }
  return true;
}

bool Scheduler::RunOne() { return RunOneUntil(std::numeric_limits<int64_t>::max()); }

bool Scheduler::RunFor(absl::Duration duration) {
  const absl::Time end = now_ + duration;
  const int64_t end_ns = absl::ToInt64Nanoseconds(end - start_);
  while (RunOneUntil(end_ns)) {
  }
  if (status_.ok()) now_ = std::max(now_, end);
  return status_.ok();
}

bool Scheduler::RunUntil(const std::function<bool()>& done, absl::Duration limit,
                         absl::Duration poll) {
  const absl::Time end = now_ + limit;
  if (poll > absl::ZeroDuration()) {
    while (status_.ok()) {
      if (done()) return true;
      if (now_ >= end) return false;
      RunFor(std::min(poll, end - now_));
    }
    return false;
  }
  const int64_t end_ns = absl::ToInt64Nanoseconds(end - start_);
  if (status_.ok() && done()) return true;
  while (RunOneUntil(end_ns)) {
    if (!status_.ok()) return false;
    if (done()) return true;
  }
  if (status_.ok()) now_ = std::max(now_, end);
  return false;
}

void Scheduler::Trace(uint64_t a, uint64_t b, uint64_t c) {
  trace_hash_ = Random::Mix(trace_hash_ ^ a);
  trace_hash_ = Random::Mix(trace_hash_ + b);
  trace_hash_ = Random::Mix(trace_hash_ ^ (c + 0x9e3779b97f4a7c15u));
}

void Scheduler::Trace(std::string_view what) {
  uint64_t sum = what.size();
  for (const char c : what) sum = sum * 0x100000001b3u ^ static_cast<unsigned char>(c);
  Trace(sum);
}

}  // namespace slotmesh::sim
