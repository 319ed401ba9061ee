// What server commands ask of the process (ServerControl), done with the node's parts.
//
// Engine thread only. Borrows all.
#ifndef SLOTMESH_NODE_APP_PROCESS_CONTROL_H_
#define SLOTMESH_NODE_APP_PROCESS_CONTROL_H_

#include <cstdint>

#include "boost/asio/io_context.hpp"
#include "node/app/cron.h"
#include "node/commands/server.h"
#include "node/keyspace/reclaimers.h"
#include "node/net/server.h"

namespace slotmesh::node {

class ProcessControl : public ServerControl {
 public:
  ProcessControl(boost::asio::io_context& io, Cron& cron, Server& server,
                 const BackgroundReclaimer& reclaimer)
      : io_(io), cron_(cron), server_(server), reclaimer_(reclaimer) {}

  void Shutdown() override;
  void Sleep(int64_t micros) override;
  void SetActiveExpiry(bool on) override { cron_.set_active_expiry(on); }
  void SetTimerPaused(bool paused) override { cron_.set_paused(paused); }
  uint64_t lazyfree_pending() const override { return reclaimer_.pending(); }
  uint64_t lazyfreed() const override { return reclaimer_.freed() - lazyfreed_before_; }
  void ResetLazyfreed() override { lazyfreed_before_ = reclaimer_.freed(); }
  void SetReplyIdle(std::optional<int64_t> millis) override {
    server_.set_reply_idle_ms(millis.value_or(Server::kReplyIdleMillis));
  }
  int port() const override { return server_.port(); }

 private:
  boost::asio::io_context& io_;
  Cron& cron_;
  Server& server_;
  const BackgroundReclaimer& reclaimer_;
  uint64_t lazyfreed_before_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_PROCESS_CONTROL_H_
