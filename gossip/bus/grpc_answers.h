// Questions from others that wait for their answer.
//
// Thread-safe. Shared by the transport and every CallReply that is out, so that an answer may come
// at any time, also after the end: it does nothing then. At most kCallsMax wait.
#ifndef SLOTMESH_GOSSIP_BUS_GRPC_ANSWERS_H_
#define SLOTMESH_GOSSIP_BUS_GRPC_ANSWERS_H_

#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "gossip/bus/bus.pb.h"
#include "gossip/bus/transport.h"

namespace slotmesh::bus {

class Answers : public std::enable_shared_from_this<Answers> {
 public:
  // What the handler is to call; it finishes `reactor`. Null if too many wait or after Close().
  bus::CallReply Add(grpc::ServerUnaryReactor* reactor, wire::CallReply* reply);
  // Answers everything that waits with UNAVAILABLE.
  void Close();

 private:
  struct Waiting {
    grpc::ServerUnaryReactor* reactor;
    wire::CallReply* reply;
  };
  class Ticket;  // Answers when it is dropped.

  void Answer(uint64_t id, absl::StatusOr<std::string> answer);

  absl::Mutex mu_;
  absl::flat_hash_map<uint64_t, Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  uint64_t next_id_ ABSL_GUARDED_BY(mu_) = 1;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_GRPC_ANSWERS_H_
