// The server's log: lines in the form that Redis' tools know, to standard output or a file.
//
//   1234:M 21 Nov 2026 09:14:47.123 * Ready to accept connections
//
// Thread-safe. A file is appended to and flushed line by line.
#ifndef SLOTMESH_NODE_APP_FILE_LOG_H_
#define SLOTMESH_NODE_APP_FILE_LOG_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node/stats/log.h"

namespace spdlog {
class logger;
}

namespace slotmesh::node {

class FileLog : public Log {
 public:
  // `path` empty: standard output. Not found (with the system's reason) if the file cannot be
  // opened.
  static absl::StatusOr<std::unique_ptr<FileLog>> Open(const std::string& path);
  ~FileLog() override;

  // Lines below are dropped.
  void set_threshold(Severity threshold) { threshold_ = threshold; }
  void Write(Severity severity, std::string_view line) override;

 private:
  explicit FileLog(std::shared_ptr<spdlog::logger> logger);

  std::shared_ptr<spdlog::logger> logger_;
  std::atomic<Severity> threshold_{Severity::kNotice};
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_FILE_LOG_H_
