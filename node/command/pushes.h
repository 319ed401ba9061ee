// Messages that are no reply: what a client gets because of what another does (publishing, a change
// of a key it caches, MONITOR).
//
// They go straight into the client's buffer and leave with this turn's writes. Those for the client
// whose own command runs wait until its reply is complete: they follow it. Engine thread only.
// Invariant: nothing waits while no command runs.
#ifndef SLOTMESH_NODE_COMMAND_PUSHES_H_
#define SLOTMESH_NODE_COMMAND_PUSHES_H_

#include <utility>

#include "node/command/client.h"
#include "node/resp/output_buffer.h"
#include "node/resp/reply.h"

namespace slotmesh::node {

class Pushes {
 public:
  Pushes() : waiting_reply_(&waiting_) {}
  Pushes(const Pushes&) = delete;
  Pushes& operator=(const Pushes&) = delete;

  // A client's command begins. False if it runs within another one: then there is no End().
  bool Begin(Client& client) {
    if (running_ != nullptr) return false;
    running_ = &client;
    return true;
  }
  // Its reply is complete.
  void End() {
    if (!waiting_.empty()) [[unlikely]] {
      running_->output.AppendBuffer(std::move(waiting_));
    }
    running_ = nullptr;
  }
  // Whose command runs (of nested ones the outermost); null if none does.
  Client* running() const { return running_; }

  // Where to write one message to the client. Valid until the next call.
  Reply& Open(Client& client) {
    if (&client == running_) {
      waiting_reply_.set_protocol(client.reply().protocol());
      return waiting_reply_;
    }
    if (client.host() != nullptr) client.host()->Flush(client);
    return client.reply();
  }
  // A client that is being closed gets nothing more.
  static bool Wants(const Client& client) { return !client.close_now && !client.close_after_reply; }

 private:
  Client* running_ = nullptr;
  OutputBuffer waiting_;
  Reply waiting_reply_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_PUSHES_H_
