// How many bytes are in use, for a memory limit: cheap enough to be asked before every command.
#ifndef SLOTMESH_NODE_STATS_MEMORY_GAUGE_H_
#define SLOTMESH_NODE_STATS_MEMORY_GAUGE_H_

#include <cstdint>

namespace slotmesh::node {

class MemoryGauge {
 public:
  virtual ~MemoryGauge() = default;
  virtual uint64_t used_bytes() const = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_MEMORY_GAUGE_H_
