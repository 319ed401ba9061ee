// The engine's view of the control thread: what the cluster has decided, and how to ask it for
// changes.
//
// Gossip, the ledger and leases run on the control thread (control_node.h); the engine thread
// serves clients. Between them go immutable values and posted tasks, never a lock around logic.
// Everything here is called on the engine thread, and every callback comes back there. The lease is
// the exception: a time that the control thread moves forward and the engine reads at each write.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_LINK_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_LINK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "gossip/bus/frame.h"
#include "gossip/bus/transport.h"
#include "gossip/message.h"
#include "node/cluster/library_digest.h"
#include "slots/ids.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/view.h"
#include "slots/slot_map.h"

namespace slotmesh::node {

// What is known of a member's health. Times are Unix milliseconds, 0 if never.
struct PeerHealth {
  slots::NodeId node;
  gossip::State state = gossip::State::kAlive;
  bool connected = false;
  int64_t connected_since_ms = 0;
  int64_t ping_sent_ms = 0;      // Of a probe that awaits its answer, else 0.
  int64_t pong_received_ms = 0;  // The last sign of life.
  uint64_t replication_offset = 0;
};

// One immutable picture of the cluster, published whole whenever something in it changes.
struct ClusterPicture {
  std::shared_ptr<const slots::SlotMap> map = slots::SlotMap::Empty();
  // The whole decision of which `map` is a part: moves under way and ended, processes, seal. Never
  // null.
  std::shared_ptr<const ledger::View> decided = std::make_shared<ledger::View>();
  // Texts of function libraries that this node keeps, those among them that `decided` declares (as
  // far as they have come). Never null.
  std::shared_ptr<const LibraryTexts> libraries = std::make_shared<LibraryTexts>();
  std::vector<PeerHealth> peers;  // Sorted by node; without this node.
  slots::NodeId leader;           // Of the ledger; zero if none is known.
  uint64_t ledger_term = 0;
  uint64_t ledger_index = 0;
  // The ledger can decide, as far as this node has seen within the node timeout.
  bool has_majority = true;
  // The lease that goes with `map` (LeaseClock::Holds).
  uint64_t lease_tenure = 0;
  // This node came up without the data of the slots that the ledger says are its own: it does not
  // serve them (SAFETY 14).
  bool data_missing = false;
  uint64_t messages_sent = 0;
  uint64_t messages_received = 0;
  uint64_t meets_sent = 0;
  uint64_t meets_received = 0;
};

// Until when this node's shard may take writes (SAFETY 5 to 7). Written by the control thread, read
// by any other.
//
// The control thread is ahead of the engine: it may have lost one shard and got another while the
// engine still goes by the old map. So each lease that is not the last one made longer is of a new
// tenure, and counts only for pictures that name it.
class LeaseClock {
 public:
  // Nanoseconds of the monotonic clock; 0 is none. REQUIRES: the tenure never falls.
  void Set(uint64_t tenure, int64_t until_ns) {
    if (tenure != tenure_.load()) {
      until_ns_.store(0);
      tenure_.store(tenure);
    }
    until_ns_.store(until_ns);
  }
  bool Holds(uint64_t tenure, int64_t now_ns) const {
    if (tenure_.load() != tenure) return false;
    const int64_t until_ns = until_ns_.load();
    return now_ns < until_ns && tenure_.load() == tenure;
  }

 private:
  std::atomic<uint64_t> tenure_{0};
  std::atomic<int64_t> until_ns_{0};
};

class ControlLink {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~ControlLink() = default;

  // Changes with a hard reset, before the picture that follows from it.
  virtual const slots::NodeId& self() const = 0;
  virtual slots::BootId boot() const = 0;
  // What this node says of itself, also before it is in a map.
  virtual const slots::NodeInfo& own_info() const = 0;
  // This node says that of itself from now on: addresses, names and labels of `info`; its id, shard
  // and votes are not looked at. own_info() has it at once, the members' pictures soon.
  virtual void Announce(const slots::NodeInfo& info) = 0;
  // Never null; a later call may give a later picture.
  virtual std::shared_ptr<const ClusterPicture> picture() const = 0;
  virtual const LeaseClock& lease() const = 0;

  // Called after picture() has changed.
  virtual void OnPicture(std::function<void()> changed) = 0;

  // Proposes a change to the ledger. Who proposes to take slots from this node's own shard
  // (SlotsUnassigned, SlotsReassigned) holds their writes back until it has taken up the picture
  // that comes with the outcome (SAFETY 8); this node's other slots then go on without a gap.
  // `done` gets OK when it has been applied here (picture() shows it), the refusal of the state
  // (failed precondition, its message ready for the client), or unavailable when there is no
  // majority within `kProposalTimeout` (it may still happen later).
  virtual void Propose(ledger::Change change, Done done) = 0;
  // Proposes a change of function libraries, with the texts of those that it declares: they are
  // brought to a majority of the voters first. `done` as Propose's; if that majority is not there
  // nothing has changed.
  virtual void ChangeLibraries(ledger::LibrariesChanged change, std::vector<LibraryText> texts,
                               Done done) = 0;
  // CLUSTER MEET: joins this node's cluster with the one at that address (SAFETY 23). Answers when
  // accepted for trying, as CLUSTER MEET does; goes on by itself, and gives up after a while.
  virtual absl::Status Meet(const std::string& ip, uint16_t port, uint16_t bus_port) = 0;
  // CLUSTER RESET: this node leaves its cluster (where it must own no slots and have no replicas)
  // and begins one of its own, `hard`: under a new id. `done` as Propose's.
  virtual void Reset(bool hard, Done done) = 0;
  // The majority of the voters is lost for good: this node decides alone from now on (SAFETY 2).
  // `done` gets failed precondition if there still is one, or another node knows more.
  virtual void RecoverQuorum(Done done) = 0;
  // This node may serve its slots with what it has: it has loaded its files, or the operator says
  // that their data is lost for good (SAFETY 14).
  virtual void AcceptData() = 0;
  // This node writes no more and holds back who wants to, so that a replica that has everything can
  // take over at once (PrimaryChanged, proposed behind this); `false`: it goes on, none did.
  virtual void GiveUpLease(bool given_up) = 0;

  // Migration frames between engines, on the bulk channel. kFull: wait for on_writable.
  virtual bus::SendResult SendBulk(const slots::NodeId& to, std::string payload) = 0;
  struct BulkHandlers {
    std::function<void(const slots::NodeId& from, slots::BootId boot, std::string payload)>
        on_frame;
    std::function<void(const slots::NodeId& peer)> on_writable;
    // The channel to or from the peer broke: frames may be lost.
    std::function<void(const slots::NodeId& peer)> on_lost;
  };
  virtual void SetBulkHandlers(BulkHandlers handlers) = 0;

  // Published messages between engines, on the channel of their own. What is not taken is lost.
  virtual bus::SendResult SendPubSub(const slots::NodeId& to, std::string payload) = 0;
  struct PubSubHandlers {
    std::function<void(const slots::NodeId& from, slots::BootId boot, std::string_view payload)>
        on_frame;
    // The channel to or from the peer broke: frames may be lost.
    std::function<void(const slots::NodeId& peer)> on_lost;
  };
  virtual void SetPubSubHandlers(PubSubHandlers handlers) = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_LINK_H_
