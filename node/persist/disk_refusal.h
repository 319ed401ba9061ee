// Why writes are refused: what the RDB and the append-only side have to say, put into the engine's
// one answer.
//
// Engine thread only. Borrows the engine.
#ifndef SLOTMESH_NODE_PERSIST_DISK_REFUSAL_H_
#define SLOTMESH_NODE_PERSIST_DISK_REFUSAL_H_

#include <string>
#include <utility>

#include "node/command/engine.h"

namespace slotmesh::node {

class DiskRefusal {
 public:
  explicit DiskRefusal(Engine& engine) : engine_(engine) {}

  // Error texts with their code; empty: nothing against it.
  void SetRdb(std::string text) { Set(&rdb_, std::move(text)); }
  void SetAof(std::string text) { Set(&aof_, std::move(text)); }

 private:
  void Set(std::string* which, std::string text) {
    *which = std::move(text);
    engine_.disk_refusal = aof_.empty() ? rdb_ : aof_;
  }

  Engine& engine_;
  std::string rdb_;
  std::string aof_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_DISK_REFUSAL_H_
