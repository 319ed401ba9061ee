// CLIENT PAUSE: until when which commands wait. Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_PAUSE_H_
#define SLOTMESH_NODE_COMMAND_PAUSE_H_

#include <cstdint>

#include "node/command/command_spec.h"

namespace slotmesh::node {

class Pause {
 public:
  enum class Kind : uint8_t { kNone = 0, kWrite = 1, kAll = 2 };

  // A pause is only ever prolonged and widened until it ends; Lift() ends it at once.
  void Start(Kind kind, int64_t until_ms, int64_t now_ms) {
    const Kind current = active(now_ms);
    kind_ = kind > current ? kind : current;
    until_ms_ = current != Kind::kNone && until_ms_ > until_ms ? until_ms_ : until_ms;
  }
  void Lift() { kind_ = Kind::kNone; }

  Kind active(int64_t now_ms) const { return now_ms < until_ms_ ? kind_ : Kind::kNone; }
  int64_t until_ms() const { return until_ms_; }

  // True if a client's command with these flags has to wait.
  bool Holds(Flag flags, int64_t now_ms) const {
    if (kind_ == Kind::kNone) return false;
    const Kind current = active(now_ms);
    if (current == Kind::kAll) return true;
    return current == Kind::kWrite && Has(flags, Flag::kWrite | Flag::kMayReplicate);
  }

 private:
  Kind kind_ = Kind::kNone;
  int64_t until_ms_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_PAUSE_H_
