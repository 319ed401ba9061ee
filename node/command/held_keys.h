// Names of keys that nobody may change for a while: their values are on the way to another server
// (MIGRATE). Requests that would change one wait (ParkReason::kHeldKey); reads go on, and a key may
// expire or be evicted.
//
// A name is held in all databases: a request may reach another one than its client's (MOVE, COPY,
// SELECT in a transaction). Engine thread only. Cost: one branch while nothing is held, else a
// look-up per key of a writing request.
#ifndef SLOTMESH_NODE_COMMAND_HELD_KEYS_H_
#define SLOTMESH_NODE_COMMAND_HELD_KEYS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace slotmesh::node {

class HeldKeys {
 public:
  // False if somebody holds it already.
  bool Hold(std::string_view key) { return keys_.emplace(key).second; }
  void Release(std::string_view key) { keys_.erase(View(key)); }

  bool any() const { return !keys_.empty(); }
  bool Contains(std::string_view key) const { return keys_.contains(View(key)); }
  size_t size() const { return keys_.size(); }

 private:
  static absl::string_view View(std::string_view key) { return {key.data(), key.size()}; }

  absl::flat_hash_set<std::string> keys_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_HELD_KEYS_H_
