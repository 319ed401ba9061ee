// The last commands that took long, or that were or answered a lot: the entries of SLOWLOG and
// COMMANDLOG. Engine thread only.
//
// Bounded: at most max_entries(), each with at most kArgumentsMax words of at most kWordMax bytes.
#ifndef SLOTMESH_NODE_STATS_SLOW_LOG_H_
#define SLOTMESH_NODE_STATS_SLOW_LOG_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "node/resp/args.h"

namespace slotmesh::node {

class SlowLog {
 public:
  static constexpr size_t kArgumentsMax = 32;
  static constexpr size_t kWordMax = 128;

  struct Entry {
    int64_t id = 0;
    int64_t unix_seconds = 0;
    int64_t amount = 0;              // Microseconds, or bytes.
    std::vector<std::string> words;  // The last one counts what was cut: "... (5 more arguments)".
    std::string client_address;
    std::string client_name;
  };

  // Negative: nothing is logged. 0: everything is.
  void set_threshold(int64_t amount) { threshold_ = amount; }
  void set_max_entries(size_t entries);
  int64_t threshold() const { return threshold_; }
  size_t max_entries() const { return max_entries_; }

  bool Wants(int64_t amount) const { return threshold_ >= 0 && amount >= threshold_; }
  void Add(Args words, int64_t amount, int64_t unix_seconds, std::string_view client_address,
           std::string_view client_name);

  // Newest first.
  const std::deque<Entry>& entries() const { return entries_; }
  void Clear() { entries_.clear(); }

 private:
  int64_t threshold_ = 10'000;
  size_t max_entries_ = 128;
  int64_t next_id_ = 0;
  std::deque<Entry> entries_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_SLOW_LOG_H_
