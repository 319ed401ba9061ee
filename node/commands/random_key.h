// A random key that has not expired: RANDOMKEY, and what modules ask.
#ifndef SLOTMESH_NODE_COMMANDS_RANDOM_KEY_H_
#define SLOTMESH_NODE_COMMANDS_RANDOM_KEY_H_

#include <optional>
#include <string>

#include "node/command/engine.h"

namespace slotmesh::node {

// Nothing if there is none. Expired ones that are met are removed, or where they stay (replicas,
// pauses) not more than a bound of them are looked at.
inline std::optional<std::string> RandomLiveKey(Engine& engine, Database& db) {
  constexpr int kExpiredMax = 100;
  const bool removes = engine.keyspace.expiry_mode() == ExpiryMode::kDelete;
  for (int met = 0; removes || met < kExpiredMax; ++met) {
    const Entry* entry = db.RandomKey(engine.random);
    if (entry == nullptr) break;
    std::string key(entry->key());
    const HashedKey hashed = HashKey(engine.keyspace, key);
    if (db.FindRead(hashed, engine.now_ms, {.touch = false, .count = false}) != nullptr) return key;
  }
  return std::nullopt;
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_RANDOM_KEY_H_
