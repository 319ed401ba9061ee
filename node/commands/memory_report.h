// Where the process's memory is: what INFO memory and MEMORY say in their own words.
#ifndef SLOTMESH_NODE_COMMANDS_MEMORY_REPORT_H_
#define SLOTMESH_NODE_COMMANDS_MEMORY_REPORT_H_

#include <algorithm>
#include <cstdint>

#include "node/commands/server.h"
#include "node/stats/memory.h"

namespace slotmesh::node {

// Of all clients together.
struct ClientTotals {
  uint64_t memory_bytes = 0;
  uint64_t largest_input = 0;
  uint64_t largest_output = 0;
  uint64_t replicas = 0;
};
ClientTotals MeasureClients(const Engine& engine, const ClientTable& clients);

// a / b, 0 where there is no b; and what a has more than b.
inline double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}
inline double Percent(uint64_t part, uint64_t whole) { return 100 * Ratio(part, whole); }
inline uint64_t Above(uint64_t a, uint64_t b) { return a - std::min(a, b); }

// All in bytes.
struct MemoryReport {
  MemoryUse allocator;
  uint64_t resident = 0;
  uint64_t peak = 0;
  uint64_t startup = 0;
  uint64_t clients = 0;
  uint64_t tables = 0;  // Of the keyspace.
  uint64_t uncounted = 0;
  uint64_t keys = 0;  // Their number.

  uint64_t used() const { return allocator.allocated_bytes; }
  uint64_t overhead() const { return startup + clients + tables; }
  uint64_t dataset() const { return Above(used(), overhead()); }
  // What came after the start.
  uint64_t net() const { return Above(used(), startup); }
  double dataset_percent() const { return std::min(100.0, Percent(dataset(), net())); }
  double peak_percent() const { return Percent(used(), peak); }
};

// Takes some microseconds, and more with many clients or slots.
MemoryReport MeasureMemory(Engine& engine, const ServerFamily& family);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_MEMORY_REPORT_H_
