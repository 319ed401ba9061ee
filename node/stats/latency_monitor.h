// What took the engine long, by kind of event: LATENCY's samples.
//
// Engine thread only. Bounded: at most kEventsMax kinds of events with kSamplesMax samples each;
// further kinds are dropped. One sample a second and event is kept, the slowest of that second.
#ifndef SLOTMESH_NODE_STATS_LATENCY_MONITOR_H_
#define SLOTMESH_NODE_STATS_LATENCY_MONITOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace slotmesh::node {

class LatencyMonitor {
 public:
  static constexpr size_t kSamplesMax = 160;
  static constexpr size_t kEventsMax = 64;

  struct Sample {
    int64_t unix_seconds = 0;
    int64_t millis = 0;
  };
  struct Event {
    std::deque<Sample> samples;  // Oldest first; never empty.
    int64_t max_millis = 0;      // Of all time, since the last Reset.
  };
  using Events = std::map<std::string, Event, std::less<>>;

  void Add(std::string_view event, int64_t unix_seconds, int64_t millis);
  // By name. Null if there is none.
  const Event* Find(std::string_view event) const;
  const Events& events() const { return events_; }
  // True if there was such an event.
  bool Reset(std::string_view event);
  // How many events there were.
  size_t ResetAll();

 private:
  Events events_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_LATENCY_MONITOR_H_
