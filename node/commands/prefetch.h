// Commands over many keys: what their look-ups need is fetched into the cache some keys ahead, as
// the dispatcher does for requests with one key.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMANDS_PREFETCH_H_
#define SLOTMESH_NODE_COMMANDS_PREFETCH_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "node/command/command_context.h"
#include "node/keyspace/database.h"

namespace slotmesh::node {

// Calls `each(key, word)` for the keys in words first, first + step, ..., in order. Keys are hashed
// once; what a look-up of one waits for is under way while others are served. `each` may change
// keys.
template <typename Each>
void ForEachKeyAhead(CommandContext& ctx, Args args, size_t first, size_t step, Each each) {
  constexpr size_t kAhead = 32;
  std::array<HashedKey, kAhead> keys;
  const Database& db = ctx.db();
  for (size_t begin = first; begin < args.size(); begin += kAhead * step) {
    const size_t count = std::min(kAhead, (args.size() - begin + step - 1) / step);
    for (size_t i = 0; i < count; ++i) {
      keys[i] = ctx.Hash(args[begin + i * step]);
      db.PrefetchTable(keys[i]);
    }
    for (size_t i = 0; i < count; ++i) db.PrefetchBucket(keys[i]);
    for (size_t i = 0; i < count; ++i) db.PrefetchEntry(keys[i]);
    for (size_t i = 0; i < count; ++i) each(keys[i], begin + i * step);
  }
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_PREFETCH_H_
