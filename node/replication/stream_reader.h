// The primary's stream, taken apart and carried out: commands one by one, transactions as a whole.
//
// Engine thread only. Borrows engine and dispatcher. What has taken effect is handed on byte for
// byte (`on_applied`), so that this node's own replicas get the same stream; half a transaction is
// neither carried out nor handed on, and forgotten with the connection. Memory: what of the last
// command has arrived, and the transaction's commands.
#ifndef SLOTMESH_NODE_REPLICATION_STREAM_READER_H_
#define SLOTMESH_NODE_REPLICATION_STREAM_READER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "node/command/client.h"
#include "node/command/dispatcher.h"
#include "node/command/owned_args.h"

namespace slotmesh::node {

class StreamReader {
 public:
  struct Handlers {
    std::function<void(std::string_view)> on_applied;
    // REPLCONF GETACK: to be answered once what came before it has been handed on.
    std::function<void()> on_get_ack;
    // A command that ended with an error, which it did not at the primary.
    std::function<void(std::string_view command, std::string_view error)> on_error;
  };
  // The commands are `client`'s.
  StreamReader(Engine& engine, Dispatcher& dispatcher, Client& client, Handlers handlers)
      : engine_(engine), dispatcher_(dispatcher), client_(client), handlers_(std::move(handlers)) {}

  // DATA_LOSS if that is no stream: nothing after it was carried out.
  // While clients are paused it is kept and nothing carried out.
  absl::Status Read(std::string_view bytes);
  // The connection is over: what has not taken effect is forgotten.
  void Reset();
  // Have come and are not handed on.
  size_t pending_bytes() const { return pending_.size(); }

 private:
  void Take(const std::vector<std::string_view>& words);
  void Run(Args words);
  void RunTransaction();
  // Hands on the stream's bytes of [handed_on_, position).
  void HandOn(size_t position);

  Engine& engine_;
  Dispatcher& dispatcher_;
  Client& client_;
  const Handlers handlers_;
  std::string pending_;   // From the first byte that has not been handed on.
  size_t handed_on_ = 0;  // Of pending_, within Read.
  size_t parsed_ = 0;
  bool in_transaction_ = false;
  std::vector<OwnedArgs> transaction_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_STREAM_READER_H_
