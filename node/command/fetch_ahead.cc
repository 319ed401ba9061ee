#include "node/command/fetch_ahead.h"

#include <algorithm>
#include <array>

namespace slotmesh::node {
namespace {

struct KeyAhead {
  const Database* db;
  HashedKey key;
  bool needs_object;
};

}  // namespace

void FetchAhead(const Engine& engine, absl::Span<const UpcomingRequest> requests) {
  std::array<KeyAhead, kFetchAheadMax> keys;
  size_t count = 0;
  for (const UpcomingRequest& request : requests.first(std::min(requests.size(), kFetchAheadMax))) {
    const Command* command = engine.registry.Resolve(request.args);
    const size_t word = command == nullptr ? 0 : command->first_key(request.args);
    if (word == 0) continue;
    const KeyAhead& ahead =
        keys[count++] = {&engine.keyspace.database(request.database),
                         HashKey(engine.keyspace, request.args[word]), command->works_on_objects()};
    ahead.db->PrefetchTable(ahead.key);
  }
  ++engine.stats.prefetch_batches;
  engine.stats.prefetch_entries += count;
  const auto each = [&](auto step) { std::for_each_n(keys.begin(), count, step); };
  each([](const KeyAhead& ahead) { ahead.db->PrefetchBucket(ahead.key); });
  each([](const KeyAhead& ahead) { ahead.db->PrefetchEntry(ahead.key); });
  each([](const KeyAhead& ahead) {
    if (ahead.needs_object) ahead.db->PrefetchObject(ahead.key);
  });
  each([](const KeyAhead& ahead) {
    if (ahead.needs_object) ahead.db->PrefetchValue(ahead.key);
  });
}

}  // namespace slotmesh::node
