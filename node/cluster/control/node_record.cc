#include "node/cluster/control/node_record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "slots/ledger/wire.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumBytes = 4;

absl::Status SystemError(std::string_view what, const std::string& path) {
  return absl::InternalError(StrCat(what, " ", path, ": ", std::string(std::strerror(errno))));
}

// Flushes a file or folder to the disk.
absl::Status Sync(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return SystemError("cannot open", path);
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced ? absl::OkStatus() : SystemError("cannot fsync", path);
}

class PlainNodeFile : public NodeFile {
 public:
  explicit PlainNodeFile(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::optional<NodeRecord>> Load() override {
    std::ifstream in(path_, std::ios::binary);
    if (!in) {
      if (errno == ENOENT) return std::optional<NodeRecord>();
      return SystemError("cannot read", path_);
    }
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    absl::StatusOr<NodeRecord> record = DecodeNodeRecord(bytes);
    if (!record.ok()) {
      return absl::DataLossError(
          StrCat(path_, ": ", ToStd(record.status().message()),
                 ". Restore the file from a copy, or remove the node from its cluster, empty its "
                 "directory and let it join anew."));
    }
    return std::optional<NodeRecord>(*std::move(record));
  }

  absl::Status Save(const NodeRecord& record) override {
    const std::string fresh = path_ + ".new";
    const std::string bytes = EncodeNodeRecord(record);
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) return SystemError("cannot write", fresh);
    absl::Status status = Sync(fresh, O_RDONLY);
    if (!status.ok()) return status;
    if (rename(fresh.c_str(), path_.c_str()) != 0) return SystemError("cannot rename", fresh);
    const size_t slash = path_.rfind('/');
    return Sync(slash == std::string::npos ? "." : path_.substr(0, slash + 1),
                O_RDONLY | O_DIRECTORY);
  }

 private:
  std::string path_;
};

}  // namespace

template <typename Archive>
void Fields(Archive& a, PendingJoin& x) {
  a(x.into, x.address);
}
template <typename Archive>
void Fields(Archive& a, NodeRecord& x) {
  a(x.id, x.follows, x.peers, x.joining);
}

std::string EncodeNodeRecord(const NodeRecord& record) {
  ledger::Writer writer;
  writer(kVersion, record);
  writer.PutChecksum();
  return writer.Take();
}

absl::StatusOr<NodeRecord> DecodeNodeRecord(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return absl::InvalidArgumentError("the file is too short");
  ledger::Reader reader(bytes);
  uint8_t version = 0;
  NodeRecord record;
  reader(version);
  if (version != kVersion) return absl::InvalidArgumentError("the file is of another version");
  reader(record);
  const uint32_t found = reader.GetFixed32();
  const absl::Status whole = reader.Finish("node record");
  if (!whole.ok()) return whole;
  const uint64_t expected = ledger::Checksum(bytes.substr(0, bytes.size() - kChecksumBytes));
  if (found != static_cast<uint32_t>(expected)) {
    return absl::InvalidArgumentError("the checksum is wrong");
  }
  return record;
}

std::unique_ptr<NodeFile> MakeNodeFile(std::string path) {
  return std::make_unique<PlainNodeFile>(std::move(path));
}

}  // namespace slotmesh::node
