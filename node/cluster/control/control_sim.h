// A simulated cluster of control nodes, with everything that can go wrong, and what must hold after
// every event: no slot is admitted by two nodes at once, what is decided under one version is one
// thing, a log that was taken in changes no more. For tests; one seed is one run, always the same.
//
// Every host is a real ControlNode on simulated disks, over a simulated bus; beside it stands as
// much of an engine as leases need: it goes by the pictures that it has got, a moment late, and by
// the LeaseClock. Hosts start alone, each with a log of its own. Thread-compatible.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_SIM_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_SIM_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gossip/sim/disk.h"
#include "gossip/sim/hosts.h"
#include "gossip/sim/links.h"
#include "gossip/sim/network.h"
#include "gossip/sim/scheduler.h"
#include "node/cluster/control/control_node.h"
#include "slots/ledger/log_disk_sim.h"
#include "slots/ledger/storage.h"

namespace slotmesh::node {

struct ControlSimOptions {
  uint64_t seed = 1;
  int nodes = 3;
  int arbiters = 0;  // The last ones.
  absl::Duration node_timeout = absl::Seconds(3);
  sim::LinkFaults faults;
  // Nodes of different logs claim the same slots: only those of one log are held to have one
  // writer.
  bool claims_conflict = false;
  bool verbose = false;  // Note each new view.
  // How late an engine takes up a picture, at most.
  absl::Duration engine_lag_max = absl::Milliseconds(20);
};

class ControlSim {
 public:
  using Done = std::function<void(const absl::Status&)>;

  explicit ControlSim(const ControlSimOptions& options);
  ~ControlSim();

  sim::Scheduler& scheduler() { return scheduler_; }
  sim::Hosts& hosts() { return hosts_; }
  sim::Links& links() { return links_; }
  int size() const { return options_.nodes; }
  const ControlSimOptions& options() const { return options_; }

  // Null while the host is down.
  ControlNode* node(int host) { return processes_[host] ? processes_[host]->node.get() : nullptr; }
  static std::string AddressOf(int host);
  // The host that is this node now, -1 if none is.
  int HostOf(const slots::NodeId& node) const;

  // Commands of the engine's. Each does nothing while the host is not running.
  void Meet(int host, const std::string& address);
  void Meet(int host, int other) { Meet(host, AddressOf(other)); }
  void Propose(int host, const ledger::Change& change, Done done);
  // Takes slots from the host's own shard: their writes are held until the outcome is known.
  void GiveAway(int host, const ledger::Change& change, const slots::SlotSet& slots);
  void ChangeLibraries(int host, ledger::LibrariesChanged change, std::vector<LibraryText> texts,
                       Done done);
  void Reset(int host, bool hard, Done done);
  void AcceptEmpty(int host);
  void RecoverQuorum(int host, Done done);
  // What the present process says of itself from now on: that, and its addresses.
  void Label(int host, const slots::NodeLabels& labels);
  void SetHasKeys(int host, bool has_keys);
  // The host's engine is at one thing for long, or goes on.
  void SetEngineSilent(int host, bool silent);
  // How far the host's data is in its shard's stream; 0: it has no copy.
  void SetOffset(int host, uint64_t offset);
  // What the engine goes by.
  const ClusterPicture& picture(int host) const { return *processes_[host]->engine.picture; }
  std::shared_ptr<const ClusterPicture> shared_picture(int host) const {
    return processes_[host]->engine.picture;
  }
  // The node and process that the host is. REQUIRES: it is up.
  const slots::NodeId& IdOf(int host) const { return processes_[host]->id; }
  slots::BootId BootOf(int host) const { return processes_[host]->boot; }
  // The slots whose writes the host's engine would admit now.
  slots::SlotSet Admitted(int host);

  // The process dies (at once, or at the n-th disk call from now on), the machine loses its power.
  void CrashFor(int host, absl::Duration time);
  void CrashAtDiskCall(int host, uint64_t calls);
  // No more faults: everybody up and connected, messages arrive.
  void Heal();

  // Everybody who runs has one and the same map, and nobody is sealed.
  bool AllAgree();
  bool AnySealed();
  // Logs that anybody is of.
  std::set<slots::LogId> Logs();
  uint64_t leases_seen() const { return leases_seen_; }
  uint64_t joins_seen() const { return joined_.size(); }
  const std::vector<std::string>& notes() const { return notes_; }
  bool WasNoted(std::string_view text) const;
  std::string Describe();

 private:
  struct FrameMessage {
    bus::Sender sender;
    slots::NodeId to;
    bus::Frame frame;
  };
  struct AskMessage {
    uint64_t ask = 0;
    std::string method;
    std::string payload;
  };
  struct AnswerMessage {
    uint64_t ask = 0;
    absl::StatusOr<std::string> answer = absl::UnknownError("");
  };
  // A stream is opened: by whom, to whom. `accepted` is the answer.
  struct ConnectMessage {
    slots::NodeId from;
    slots::NodeId to;
    bool accepted = false;
  };
  struct ResetMessage {  // The stream is gone.
    slots::NodeId from;
  };
  using Message =
      std::variant<FrameMessage, AskMessage, AnswerMessage, ConnectMessage, ResetMessage>;

  struct Engine {
    std::shared_ptr<const ClusterPicture> picture = std::make_shared<ClusterPicture>();
    uint64_t number = 0;  // Of the picture.
    LeaseClock lease;
    slots::SlotSet fenced;
    bool has_keys = false;
  };
  struct Peer {
    std::string address;
    bool keep = false;
  };
  // What dies with the process.
  struct Process {
    sim::Random random{0};
    std::unique_ptr<ledger::SimLogDisk> ledger_disk;
    std::unique_ptr<ledger::SimLogDisk> file_disk;
    std::unique_ptr<ledger::SimLogDisk> library_disk;
    std::unique_ptr<ledger::FileStorage> storage;
    std::unique_ptr<NodeFile> file;
    std::unique_ptr<ControlNode> node;
    Engine engine;
    slots::BootId boot = 0;
    slots::NodeId id;
    slots::LogId log;
    std::map<slots::NodeId, Peer> peers;
    std::map<slots::NodeId, int> linked;                 // And the host that it was then.
    std::map<uint64_t, std::pair<int, uint64_t>> calls;  // Who waits for the answer.
    uint64_t next_call = 0;
    std::map<uint64_t, bool> asks;  // Open ones.
    std::map<uint64_t, Done> proposals;
    uint64_t next_proposal = 0;
    uint64_t pictures = 0;
    sim::EventId tick;
  };

  slots::NodeInfo InfoOf(int host) const;
  void Start(int host);
  void Stop(int host);
  void Step(int host, const ControlInput& input);
  void Perform(int host, ControlOutput out);
  void PerformPeers(int host, ControlOutput& out);
  void PerformAsk(int host, const ControlOutput::Ask& ask);
  void ProposeGiving(int host, const ledger::Change& change, const slots::SlotSet& slots);
  void TakePicture(int host, std::shared_ptr<const ClusterPicture> picture);
  void ScheduleTick(int host);
  void Connect(int host);
  void Unlink(int host, const slots::NodeId& peer);
  void Transmit(int from, int to, Message message);
  void Handle(int from, int to, Message message);
  void On(int from, int to, FrameMessage message);
  void On(int from, int to, AskMessage message);
  void On(int from, int to, AnswerMessage message);
  void On(int from, int to, ConnectMessage message);
  void On(int from, int to, ResetMessage message);

  void CheckNode(int host);
  void CheckDecided(int host);
  void CheckAdmitted(int host);
  void Finding(int host, const std::string& what);
  void Note(int host, const std::string& what);

  const ControlSimOptions options_;
  sim::Scheduler scheduler_;
  sim::Hosts hosts_;
  sim::Links links_;
  sim::Random random_;
  std::unique_ptr<sim::Network<Message>> network_;
  std::vector<std::unique_ptr<sim::SimDisk>> ledger_disks_;
  std::vector<std::unique_ptr<sim::SimDisk>> file_disks_;
  std::vector<std::unique_ptr<sim::SimDisk>> library_disks_;
  std::vector<std::unique_ptr<Process>> processes_;
  slots::BootId boots_ = 0;

  // What everybody must agree on: for each log and sequence, the hash of all that is decided.
  std::map<std::pair<slots::LogId, uint64_t>, uint64_t> decided_;
  // Logs that another log has taken in, and how far each log was ever seen to go sealed.
  std::map<slots::LogId, uint64_t> joined_;
  std::map<slots::LogId, uint64_t> sealed_;
  std::vector<std::shared_ptr<const ledger::View>> checked_;  // By host.
  uint64_t leases_seen_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_SIM_H_
