// A primary's RDB file on its way in: its announcement ("$<length>" or "$EOF:<mark>"), then its
// bytes, into a temporary file.
//
// Engine thread only. Formats: PSYNC's, as Redis 2.8 to 7 speak it. Without Finish the file is
// removed when the receiver goes. Memory: the last bytes that may be the mark.
#ifndef SLOTMESH_NODE_REPLICATION_FILE_RECEIVER_H_
#define SLOTMESH_NODE_REPLICATION_FILE_RECEIVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace slotmesh::node {

class FileReceiver {
 public:
  // `announcement`: the line without its end. INVALID_ARGUMENT if it is none; UNAVAILABLE, with the
  // system's reason, if the file cannot be made.
  static absl::StatusOr<std::unique_ptr<FileReceiver>> Create(const std::string& path,
                                                              std::string_view announcement);
  ~FileReceiver();
  FileReceiver(const FileReceiver&) = delete;
  FileReceiver& operator=(const FileReceiver&) = delete;

  // Takes what belongs to the file: how many of the bytes.
  absl::StatusOr<size_t> Take(std::string_view bytes);
  bool complete() const { return complete_; }
  // REQUIRES: complete. On disk, to be removed by the caller.
  absl::Status Finish();

  uint64_t received() const { return received_; }
  // 0 where the announcement does not say.
  uint64_t length() const { return length_; }

 private:
  FileReceiver(std::string path, int descriptor) : path_(std::move(path)), file_(descriptor) {}
  absl::Status Write(std::string_view bytes);

  const std::string path_;
  int file_;  // -1: finished.
  uint64_t length_ = 0;
  uint64_t received_ = 0;
  std::string mark_;  // Empty: the length is known.
  std::string tail_;  // As many of the last bytes as the mark has.
  bool complete_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_FILE_RECEIVER_H_
