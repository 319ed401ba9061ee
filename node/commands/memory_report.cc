#include "node/commands/memory_report.h"

namespace slotmesh::node {

ClientTotals MeasureClients(const Engine& engine, const ClientTable& clients) {
  ClientTotals totals;
  clients.ForEach([&](Client& client) {
    if (client.host() != nullptr) client.host()->MeasureBuffers(client);
    totals.memory_bytes += ClientMemory(client, engine.watches.CountOf(client));
    totals.largest_input = std::max<uint64_t>(totals.largest_input, client.query_buffer_bytes);
    totals.largest_output = std::max<uint64_t>(totals.largest_output, client.output.size());
    if (client.is_replica) ++totals.replicas;
  });
  return totals;
}

MemoryReport MeasureMemory(Engine& engine, const ServerFamily& family) {
  MemoryReport report;
  report.allocator = ReadMemoryUse();
  report.resident = ProcessResidentBytes();
  engine.stats.peak_memory_bytes = std::max(engine.stats.peak_memory_bytes, report.used());
  report.peak = engine.stats.peak_memory_bytes;
  report.startup = engine.stats.startup_memory_bytes;
  report.clients = MeasureClients(engine, family.clients).memory_bytes;
  for (int i = 0; i < engine.keyspace.database_count(); ++i) {
    report.tables += engine.keyspace.database(i).TableMemory();
  }
  report.uncounted = family.memory_limit.uncounted_bytes();
  report.keys = engine.keyspace.size();
  return report;
}

}  // namespace slotmesh::node
