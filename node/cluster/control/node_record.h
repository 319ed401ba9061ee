// What a node knows of itself from one start to the next, besides the ledger: its id, which log it
// is of and where that log's members were last.
//
// The file is replaced whole: written beside, fsynced, renamed, folder fsynced. Encoding as the
// ledger's (wire.h): version byte, fields, checksum. A damaged file is data loss, naming the file
// and what to do; it is never replaced silently.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_NODE_RECORD_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_NODE_RECORD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "slots/ids.h"
#include "slots/ledger/log_disk.h"
#include "slots/slot_map.h"

namespace slotmesh::node {

// Logs given up that a record remembers.
inline constexpr size_t kEndedLogsMax = 256;

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

// Where the node's bus is: "ip:port", an IPv6 address in brackets.
std::string BusAddress(const slots::NodeInfo& node);

struct NodeRecord {
  slots::NodeId id;
  // The log that this node is of. What the ledger's folder holds of another one is to be discarded.
  slots::LogId log;
  bool founder = false;  // This node began that log.
  bool begun = false;    // The log's first entries are on this node's disk.
  // This node was a member in the log's map of this sequence: in an older one it may be missing.
  uint64_t member_since = 0;
  std::vector<KnownPeer> peers;
  // Logs of this node alone that it gave up, and those that had become part of them. Nobody will
  // ever be taken into them. At most kEndedLogsMax, the latest last.
  std::vector<slots::LogId> ended;
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

// The file `name` of that folder, which is borrowed.
std::unique_ptr<NodeFile> MakeNodeFile(ledger::LogDisk& folder, std::string name);
// The file at `path`; its folder is created if it is absent.
absl::StatusOr<std::unique_ptr<NodeFile>> OpenNodeFile(const std::string& path);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_NODE_RECORD_H_
