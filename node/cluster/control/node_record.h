// What a node knows of itself from one start to the next, besides the ledger: its id, which log it
// follows and where that log's members were last, and a join that is half done.
//
// The file is replaced whole: written beside, fsynced, renamed, folder fsynced. Encoding as the
// ledger's (wire.h): version byte, fields, checksum. A damaged file is data loss, naming the file
// and what to do; it is never replaced silently.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_NODE_RECORD_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_NODE_RECORD_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "slots/ids.h"

namespace slotmesh::node {

// A member and its bus address, "ip:port".
struct KnownPeer {
  slots::NodeId node;
  std::string address;
  friend bool operator==(const KnownPeer&, const KnownPeer&) = default;
};
// For the ledger's wire format.
template <typename Archive>
void Fields(Archive& a, KnownPeer& x) {
  a(x.node, x.address);
}

// This node's log was sealed into another one, whose member answered at `address` (SAFETY 23).
struct PendingJoin {
  slots::LogId into;
  std::string address;
  friend bool operator==(const PendingJoin&, const PendingJoin&) = default;
};

struct NodeRecord {
  slots::NodeId id;
  slots::LogId follows;  // Zero: a log of its own.
  std::vector<KnownPeer> peers;
  std::optional<PendingJoin> joining;
  friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

std::string EncodeNodeRecord(const NodeRecord& record);
absl::StatusOr<NodeRecord> DecodeNodeRecord(std::string_view bytes);

class NodeFile {
 public:
  virtual ~NodeFile() = default;
  // Absent if there is no file.
  virtual absl::StatusOr<std::optional<NodeRecord>> Load() = 0;
  // Durable when it returns OK.
  virtual absl::Status Save(const NodeRecord& record) = 0;
};

// The file at `path`.
std::unique_ptr<NodeFile> MakeNodeFile(std::string path);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_NODE_RECORD_H_
