// What INFO shows of replication, and what other commands ask of it. Implemented by
// node/replication.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMANDS_REPLICATION_VIEW_H_
#define SLOTMESH_NODE_COMMANDS_REPLICATION_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/info_text.h"

namespace slotmesh::node {

// How far a replica is.
struct ReplicaProgress {
  std::string address;
  uint64_t offset = 0;  // That it has acknowledged.
  int64_t lag_s = 0;    // Since it last did.
  std::string_view state;
  bool has_all = false;
};

class ReplicationView {
 public:
  virtual ~ReplicationView() = default;
  // INFO's section.
  virtual void WriteInfo(InfoText& text) const = 0;
  // Memory of the stream that is kept, and what of it only slow replicas still need.
  virtual size_t backlog_bytes() const = 0;
  virtual size_t replicas_bytes() const = 0;
  // A full copy is being made for replicas.
  virtual bool copying() const = 0;
  // Of the replicas that acknowledge.
  virtual std::vector<ReplicaProgress> Progress() const = 0;
  // DEBUG CHANGE-REPL-ID.
  virtual void ForgetHistory() = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_REPLICATION_VIEW_H_
