// Asked before a request that can wait changes a key, while snapshots run.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_KEYSPACE_BIG_VALUE_GATE_H_
#define SLOTMESH_NODE_KEYSPACE_BIG_VALUE_GATE_H_

#include "node/keyspace/hashed_key.h"

namespace slotmesh::node {

class BigValueGate {
 public:
  virtual ~BigValueGate() = default;
  // The name stands, in some database, for a big value that a snapshot has still to save, at least
  // in part: who changes it now makes everybody wait for the rest. It is saved next.
  virtual bool MustWait(const HashedKey& key) = 0;
  // Otherwise there is no need to ask.
  bool active() const { return active_; }

 protected:
  void set_active(bool active) { active_ = active; }

 private:
  bool active_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_BIG_VALUE_GATE_H_
