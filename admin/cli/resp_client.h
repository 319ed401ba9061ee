// A client of one node's client port, for the few questions that the command line asks there.
//
// Blocking, every call bounded by its timeout. Thread-compatible.
#ifndef SLOTMESH_ADMIN_CLI_RESP_CLIENT_H_
#define SLOTMESH_ADMIN_CLI_RESP_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node/resp/reply_reader.h"

namespace slotmesh::admin {

class RespClient {
 public:
  // UNAVAILABLE if nobody answers at host:port.
  static absl::StatusOr<RespClient> Connect(const std::string& host, uint16_t port,
                                            absl::Duration timeout);
  RespClient(RespClient&& other) noexcept;
  RespClient& operator=(RespClient&&) = delete;
  ~RespClient();

  // The reply; error replies are values too. UNAVAILABLE if the connection breaks,
  // DEADLINE_EXCEEDED.
  absl::StatusOr<node::ReplyValue> Ask(const std::vector<std::string>& words);

 private:
  explicit RespClient(int fd) : fd_(fd) {}

  int fd_;
  node::ReplyReader reader_{
      {.depth = 8, .bulk_bytes = 64 << 20, .line_bytes = 64 * 1024, .elements = 1 << 20}};
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_RESP_CLIENT_H_
