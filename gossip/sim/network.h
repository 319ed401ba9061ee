// Carries messages between simulated hosts, with the faults that Links decides.
//
// `Message` is the protocol's own type: copyable (a doubled message is a copy), cheap to move.
// Where many hosts get the same large message, use a shared_ptr<const T>.
//
// A message is delivered to the receiver's life at sending: one to a host that has crashed since is
// lost, as it would be with the stream it was on; set deliver_across_restarts to have old messages
// reach new processes. What a sender sent before its crash still arrives. A paused receiver gets
// its messages when it goes on.
//
// Thread-compatible. Borrows scheduler, hosts and links. Handlers stay registered through crashes:
// they should look up the host's node.
#ifndef SLOTMESH_GOSSIP_SIM_NETWORK_H_
#define SLOTMESH_GOSSIP_SIM_NETWORK_H_

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "gossip/sim/hosts.h"
#include "gossip/sim/links.h"
#include "gossip/sim/scheduler.h"

namespace slotmesh::sim {

struct Traffic {
  uint64_t messages_sent = 0;
  uint64_t bytes_sent = 0;
  uint64_t messages_received = 0;
  uint64_t bytes_received = 0;
  uint64_t messages_lost = 0;  // Counted at the sender: loss, cuts, receivers that are down.
};

template <typename Message>
class Network {
 public:
  using Handler = std::function<void(HostIndex from, HostIndex to, Message message)>;
  struct Options {
    bool deliver_across_restarts = false;
  };

  Network(Hosts& hosts, Links& links, Handler handler, Options options = {})
      : hosts_(hosts),
        links_(links),
        handler_(std::move(handler)),
        options_(options),
        traffic_(hosts.size()) {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // `bytes` is what the message would take on the wire; it is only counted. Never delivers inside
  // the call.
  void Send(HostIndex from, HostIndex to, Message message, size_t bytes = 0) {
    Scheduler& scheduler = hosts_.scheduler();
    Traffic& sender = traffic_[from];
    ++sender.messages_sent;
    sender.bytes_sent += bytes;
    const Links::Fate fate = links_.Decide(from, to);
    scheduler.Trace(static_cast<uint64_t>(from) << 32 | static_cast<uint32_t>(to), bytes,
                    fate.size());
    if (fate.empty() || (!hosts_.IsUp(to) && !options_.deliver_across_restarts)) {
      ++sender.messages_lost;
      return;
    }
    for (size_t i = 1; i < fate.size(); ++i) Schedule(from, to, message, bytes, fate[i]);
    Schedule(from, to, std::move(message), bytes, fate[0]);
  }

  const Traffic& traffic(HostIndex host) const { return traffic_[host]; }
  void ResetTraffic() { traffic_.assign(hosts_.size(), {}); }

 private:
  void Schedule(HostIndex from, HostIndex to, Message message, size_t bytes, absl::Duration delay) {
    hosts_.scheduler().After(delay, [this, from, to, bytes, life = hosts_.life(to),
                                     message = std::move(message)]() mutable {
      if (links_.IsCut(from, to) || !hosts_.IsUp(to) ||
          (hosts_.life(to) != life && !options_.deliver_across_restarts)) {
        ++traffic_[from].messages_lost;
        return;
      }
      if (hosts_.IsRunning(to)) return Deliver(from, to, bytes, std::move(message));
      hosts_.Run(to, hosts_.life(to),
                 [this, from, to, bytes, message = std::move(message)]() mutable {
                   Deliver(from, to, bytes, std::move(message));
                 });
    });
  }

  void Deliver(HostIndex from, HostIndex to, size_t bytes, Message message) {
    ++traffic_[to].messages_received;
    traffic_[to].bytes_received += bytes;
    handler_(from, to, std::move(message));
  }

  Hosts& hosts_;
  Links& links_;
  Handler handler_;
  Options options_;
  std::vector<Traffic> traffic_;
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_NETWORK_H_
