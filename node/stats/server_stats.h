// Counters that INFO, the metrics endpoint and CONFIG RESETSTAT share. Engine thread only.
#ifndef SLOTMESH_NODE_STATS_SERVER_STATS_H_
#define SLOTMESH_NODE_STATS_SERVER_STATS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace slotmesh::node {

inline constexpr size_t kErrorCodesMax =
    128;  // More distinct codes than this are counted as a whole only.

struct ServerStats {
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t commands_processed = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t error_replies = 0;
  uint64_t protocol_errors = 0;
  uint64_t query_buffer_limit_disconnections = 0;
  uint64_t output_buffer_limit_disconnections = 0;
  uint64_t timed_out_clients = 0;
  uint64_t loop_turns = 0;
  uint64_t loop_ticks = 0;
  uint64_t peak_memory_bytes = 0;
  uint64_t keyspace_changes = 0;                        // rdb_changes_since_last_save
  std::map<std::string, uint64_t, std::less<>> errors;  // By error code: "ERR", "WRONGTYPE", ...

  void CountError(std::string_view code) {
    ++error_replies;
    const auto found = errors.find(code);
    if (found != errors.end()) {
      ++found->second;
    } else if (errors.size() < kErrorCodesMax) {
      errors.emplace(code, 1);
    }
  }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_SERVER_STATS_H_
