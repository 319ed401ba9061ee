// Counters that INFO, the metrics endpoint and CONFIG RESETSTAT share. Engine thread only.
#ifndef SLOTMESH_NODE_STATS_SERVER_STATS_H_
#define SLOTMESH_NODE_STATS_SERVER_STATS_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "node/stats/rate_meter.h"

namespace slotmesh::node {

// Scripts make up codes of errors: once there are so many, new ones of theirs count under
// kOtherErrorCodes. The server's own are few.
inline constexpr size_t kErrorCodesMax = 128;
inline constexpr std::string_view kOtherErrorCodes = "ERRORSTATS_OVERFLOW";

// Turns of the event loop: those in which sockets were served, and the timer's.
struct LoopStats {
  uint64_t turns = 0;
  uint64_t micros = 0;        // In turns, waiting not counted.
  uint64_t timer_micros = 0;  // Of these in the timer's.
  uint64_t longest_micros = 0;
  uint64_t most_commands = 0;  // In one turn.

  void AddTurn(uint64_t turn_micros, uint64_t commands) {
    ++turns;
    micros += turn_micros;
    longest_micros = std::max(longest_micros, turn_micros);
    most_commands = std::max(most_commands, commands);
  }
};

struct ServerStats {
  // What users were refused, by what it was that they may not.
  struct AclDenials {
    uint64_t auth = 0;
    uint64_t command = 0;
    uint64_t key = 0;
    uint64_t channel = 0;
  };
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t commands_processed = 0;
  uint64_t net_input_bytes = 0;
  uint64_t net_output_bytes = 0;
  uint64_t replica_output_bytes = 0;  // To replicas, and
  uint64_t primary_input_bytes = 0;   // from the primary: not in the two above.
  uint64_t full_syncs = 0;            // Of replicas.
  uint64_t partial_syncs = 0;
  uint64_t partial_syncs_refused = 0;
  uint64_t error_replies = 0;
  uint64_t protocol_errors = 0;
  uint64_t query_buffer_limit_disconnections = 0;
  uint64_t output_buffer_limit_disconnections = 0;
  uint64_t timed_out_clients = 0;
  AclDenials acl_denials;
  uint64_t peak_memory_bytes = 0;
  uint64_t startup_memory_bytes = 0;  // In use when the node was ready.
  uint64_t keyspace_changes = 0;      // rdb_changes_since_last_save
  uint64_t reads = 0;                 // System calls on sockets.
  uint64_t writes = 0;
  uint64_t prefetch_batches = 0;   // Of requests that ran together (FetchAhead),
  uint64_t prefetch_entries = 0;   // and the keys of theirs that were fetched ahead.
  uint64_t expired_fields = 0;     // Of hashes.
  uint64_t expiry_slices_cut = 0;  // Slices of active expiry that ran out of time.
  int64_t expiry_micros = 0;       // Time spent on active expiry.
  std::map<std::string, uint64_t, std::less<>> errors;  // By error code: "ERR", "WRONGTYPE", ...
  uint64_t migrate_cached_sockets = 0;
  LoopStats loop;
  RateMeter command_rate;
  RateMeter input_rate;
  RateMeter output_rate;
  RateMeter primary_input_rate;
  RateMeter replica_output_rate;
  RateMeter loop_turn_rate;
  RateMeter loop_micros_rate;

  // `made_up`: a script may have chosen the code.
  void CountError(std::string_view code, bool made_up) {
    ++error_replies;
    const size_t room = made_up ? kErrorCodesMax : 2 * kErrorCodesMax;
    if (errors.size() >= room && !errors.contains(code)) code = kOtherErrorCodes;
    ++errors.try_emplace(std::string(code), 0).first->second;
  }

  // From a timer.
  void SampleRates(int64_t now_ms) {
    if (!command_rate.IsDue(now_ms)) return;
    command_rate.Sample(commands_processed, now_ms);
    input_rate.Sample(net_input_bytes, now_ms);
    output_rate.Sample(net_output_bytes, now_ms);
    primary_input_rate.Sample(primary_input_bytes, now_ms);
    replica_output_rate.Sample(replica_output_bytes, now_ms);
    loop_turn_rate.Sample(loop.turns, now_ms);
    loop_micros_rate.Sample(loop.micros, now_ms);
  }

  // CONFIG RESETSTAT: all but what describes the present.
  void Reset() {
    ServerStats fresh;
    fresh.peak_memory_bytes = peak_memory_bytes;
    fresh.startup_memory_bytes = startup_memory_bytes;
    fresh.keyspace_changes = keyspace_changes;
    fresh.migrate_cached_sockets = migrate_cached_sockets;
    *this = std::move(fresh);
  }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_SERVER_STATS_H_
