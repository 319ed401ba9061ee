// Timers of modules: what is due when, under numbers that are never given out twice.
//
// A plain table; whoever owns it asks for what is due and arms one clock for next_deadline_ms().
// Thread-compatible. Cost: O(log n) each.
#ifndef SLOTMESH_MODULES_RUNTIME_TIMERS_H_
#define SLOTMESH_MODULES_RUNTIME_TIMERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/functional/function_ref.h"

namespace slotmesh::modules {

template <typename Timer>
class Timers {
 public:
  using Id = uint64_t;  // 0 is none.

  struct Scheduled {
    int64_t deadline_ms = 0;
    Timer timer;
  };

  Id Add(int64_t deadline_ms, Timer timer) {
    const Id id = ++last_id_;
    by_id_.emplace(id, Scheduled{deadline_ms, std::move(timer)});
    by_deadline_.emplace(std::make_pair(deadline_ms, id), id);
    return id;
  }

  // Null: it has fired, was taken, or never was.
  const Scheduled* Find(Id id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second;
  }

  // Takes it out: it will not fire.
  std::optional<Timer> Take(Id id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return std::nullopt;
    by_deadline_.erase({found->second.deadline_ms, id});
    std::optional<Timer> timer(std::move(found->second.timer));
    by_id_.erase(found);
    return timer;
  }
  void TakeIf(absl::FunctionRef<bool(const Timer&)> which) {
    for (auto at = by_id_.begin(); at != by_id_.end();) {
      const auto next = std::next(at);
      if (which(at->second.timer)) Take(at->first);
      at = next;
    }
  }

  bool AnyOf(absl::FunctionRef<bool(const Timer&)> which) const {
    return std::any_of(by_id_.begin(), by_id_.end(),
                       [&](const auto& entry) { return which(entry.second.timer); });
  }

  // Takes out the first that is due, if one is: first by deadline, then by number. Those that were
  // added after `before` (a number) stay, so that a timer that sets another for now ends.
  std::optional<Timer> TakeDue(int64_t now_ms, Id before) {
    for (const auto& [key, id] : by_deadline_) {
      if (key.first > now_ms) return std::nullopt;
      if (id <= before) return Take(id);
    }
    return std::nullopt;
  }

  std::optional<int64_t> next_deadline_ms() const {
    if (by_deadline_.empty()) return std::nullopt;
    return by_deadline_.begin()->first.first;
  }
  Id last_id() const { return last_id_; }
  size_t size() const { return by_id_.size(); }

 private:
  Id last_id_ = 0;
  std::map<Id, Scheduled> by_id_;
  std::map<std::pair<int64_t, Id>, Id> by_deadline_;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_RUNTIME_TIMERS_H_
