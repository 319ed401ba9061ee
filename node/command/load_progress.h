// How far the loading of the whole data has come: from this node's files, or from a primary.
//
// Set by whoever loads, on the engine thread. While it is active the dispatcher refuses commands
// that do not carry the flag `loading`, and no timer touches the data.
#ifndef SLOTMESH_NODE_COMMAND_LOAD_PROGRESS_H_
#define SLOTMESH_NODE_COMMAND_LOAD_PROGRESS_H_

#include <cstdint>

namespace slotmesh::node {

struct LoadProgress {
  bool active = false;
  int64_t begin_ms = 0;  // Wall time.
  uint64_t total_bytes = 0;
  uint64_t loaded_bytes = 0;
  // That the writer had in use, as the file says; 0: it does not.
  uint64_t memory_of_writer = 0;

  void Begin(int64_t now_ms, uint64_t total) {
    *this = {.active = true, .begin_ms = now_ms, .total_bytes = total};
  }
  void End() { active = false; }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_LOAD_PROGRESS_H_
