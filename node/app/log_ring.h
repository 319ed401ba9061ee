// The latest lines of the log, kept in memory for `slotmesh logs`, on their way to the real log.
//
// Thread-safe. Keeps kLinesMax lines.
#ifndef SLOTMESH_NODE_APP_LOG_RING_H_
#define SLOTMESH_NODE_APP_LOG_RING_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "node/stats/clock.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class LogRing : public Log {
 public:
  static constexpr size_t kLinesMax = 1000;

  struct Line {
    uint64_t number = 0;
    int64_t wall_micros = 0;
    Severity severity = Severity::kNotice;
    std::string text;
  };

  // Borrows both.
  LogRing(Log& next, Clock& clock) : next_(next), clock_(clock) {}

  void Write(Severity severity, std::string_view line) override {
    next_.Write(severity, line);
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back({++last_, clock_.WallMicros(), severity, std::string(line)});
    if (lines_.size() > kLinesMax) lines_.pop_front();
  }

  // Lines after number `after`, oldest first; of these the last `limit`.
  std::vector<Line> After(uint64_t after, size_t limit) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Line> found;
    for (const Line& line : lines_) {
      if (line.number > after) found.push_back(line);
    }
    if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<long>(limit));
    return found;
  }

 private:
  Log& next_;
  Clock& clock_;
  mutable std::mutex mutex_;
  uint64_t last_ = 0;
  std::deque<Line> lines_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_LOG_RING_H_
