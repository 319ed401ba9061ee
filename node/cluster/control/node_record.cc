#include "node/cluster/control/node_record.h"

#include <algorithm>
#include <utility>

#include "slots/ledger/wire.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumBytes = 4;

class DiskNodeFile : public NodeFile {
 public:
  DiskNodeFile(ledger::LogDisk& folder, std::string name)
      : folder_(folder), name_(std::move(name)) {}

  absl::StatusOr<std::optional<NodeRecord>> Load() override {
    const absl::StatusOr<std::string> bytes = folder_.Read(name_);
    if (absl::IsNotFound(bytes.status())) return std::optional<NodeRecord>();
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<NodeRecord> record = DecodeNodeRecord(*bytes);
    if (!record.ok()) {
      return absl::DataLossError(
          StrCat(name_, " in ", folder_.name(), ": ", ToStd(record.status().message()),
                 ". Restore the file from a copy, or take the node out of its cluster, empty its "
                 "directory and let it join anew."));
    }
    return std::optional<NodeRecord>(*std::move(record));
  }

  absl::Status Save(const NodeRecord& record) override {
    const std::string fresh = name_ + ".new";
    // What a crash left there.
    absl::Status status = folder_.Remove(fresh);
    if (!status.ok() && !absl::IsNotFound(status)) return status;
    status = folder_.Append(fresh, EncodeNodeRecord(record));
    if (status.ok()) status = folder_.Fsync(fresh);
    if (status.ok()) status = folder_.Rename(fresh, name_);
    if (status.ok()) status = folder_.SyncDir();
    return status;
  }

 private:
  ledger::LogDisk& folder_;
  std::string name_;
};

class OwnedNodeFile : public NodeFile {
 public:
  OwnedNodeFile(std::unique_ptr<ledger::LogDisk> folder, std::string name)
      : folder_(std::move(folder)), file_(*folder_, std::move(name)) {}
  absl::StatusOr<std::optional<NodeRecord>> Load() override { return file_.Load(); }
  absl::Status Save(const NodeRecord& record) override { return file_.Save(record); }

 private:
  std::unique_ptr<ledger::LogDisk> folder_;
  DiskNodeFile file_;
};

}  // namespace

template <typename Archive>
void Fields(Archive& a, NodeRecord& x) {
  a(x.id, x.log, x.founder, x.begun, x.member_since, x.peers, x.ended);
}

std::string BusAddress(const slots::NodeInfo& node) {
  const bool v6 = node.ip.find(':') != std::string::npos;
  return v6 ? StrCat("[", node.ip, "]:", node.bus_port) : StrCat(node.ip, ":", node.bus_port);
}

std::string EncodeNodeRecord(const NodeRecord& record) {
  ledger::Writer writer;
  writer(kVersion, record);
  writer.PutChecksum();
  return writer.Take();
}

absl::StatusOr<NodeRecord> DecodeNodeRecord(std::string_view bytes) {
  if (bytes.size() <= kChecksumBytes) return absl::InvalidArgumentError("the file is too short");
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  const uint32_t found = ledger::Reader(bytes.substr(body.size())).GetFixed32();
  if (found != static_cast<uint32_t>(ledger::Checksum(body))) {
    return absl::InvalidArgumentError("the checksum is wrong");
  }
  ledger::Reader reader(body);
  uint8_t version = 0;
  NodeRecord record;
  reader(version);
  if (version != kVersion) {
    return absl::InvalidArgumentError(
        StrCat("the file is of version ", version, ", which is not known to this build"));
  }
  reader(record);
  if (record.ended.size() > kEndedLogsMax) reader.Fail("too many logs have ended");
  if (record.id.is_zero() || record.log.is_zero()) reader.Fail("an id is missing");
  const absl::Status whole = reader.Finish("node record");
  if (!whole.ok()) return whole;
  return record;
}

std::unique_ptr<NodeFile> MakeNodeFile(ledger::LogDisk& folder, std::string name) {
  return std::make_unique<DiskNodeFile>(folder, std::move(name));
}

absl::StatusOr<std::unique_ptr<NodeFile>> OpenNodeFile(const std::string& path) {
  const size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  absl::StatusOr<std::unique_ptr<ledger::LogDisk>> disk = ledger::OpenSharedLogDisk(folder);
  if (!disk.ok()) return disk.status();
  return std::unique_ptr<NodeFile>(std::make_unique<OwnedNodeFile>(
      *std::move(disk), slash == std::string::npos ? path : path.substr(slash + 1)));
}

}  // namespace slotmesh::node
