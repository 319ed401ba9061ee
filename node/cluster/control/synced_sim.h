// One shard in synced mode on a simulated cluster, with clients: what may happen to it, and what
// must hold of what its clients were told (SAFETY 1, 7, 11 to 16).
//
// ControlSim's control nodes decide; beside each stands a small engine of this file's own: a log of
// writes to some keys, replicated by asking the primary for what is missing, the real in-sync
// machine, and replies that it holds. Clients write and read at any node that takes itself for the
// primary. Everything is checked against the history that the last primary ends with: each
// acknowledged write is in it, and all replies together are linearizable in its order.
//
// For tests; one seed is one run. Thread-compatible.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_SYNCED_SIM_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_SYNCED_SIM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gossip/sim/network.h"
#include "node/cluster/control/control_sim.h"
#include "node/cluster/in_sync.h"
#include "node/replication/history.h"

namespace slotmesh::node {

// A rule that is left out: the run must be able to show what it is for.
enum class Without : uint8_t {
  kNothing = 0,
  kAcknowledgements = 1,  // 11: replies leave at once.
  kRemoval = 2,           // 12: a member gets a full copy, and forgets all it has, at once.
  kSet = 3,               // 13: the ledger is not told that only members may be promoted.
  kLease = 4,             // 7, 16: who was a primary goes on until it hears otherwise.
};

struct SyncedSimOptions {
  ControlSimOptions control;
  int replicas = 2;  // Hosts 1 and on; the rest of the nodes only vote.
  int64_t min_in_sync = 2;
  Without without = Without::kNothing;
};

class SyncedSim {
 public:
  explicit SyncedSim(const SyncedSimOptions& options);

  ControlSim& control() { return control_; }
  sim::Scheduler& scheduler() { return control_.scheduler(); }

  // The cluster is formed, its replicas have their copies, and all are in sync. False: it came to
  // nothing.
  bool Form();
  // Clients from now on: so many requests a second.
  void BeginLoad(int requests_per_second);
  void EndLoad() { period_ = absl::ZeroDuration(); }
  // The host's process dies, unless it is the last one that has what was acknowledged.
  bool MayCrash(int host);
  // A replica can go on no more from where it is: what comes next is not kept for it any more.
  void LosePlace(int host);
  // The host that serves as primary with enough copies; -1: none does.
  int Serving();
  // Findings go to the scheduler's status.
  void CheckHistory(int primary);

  size_t writes(int host) const { return engines_[host].data.log.size(); }
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t reads() const { return reads_; }
  const InSync& in_sync(int host) const { return engines_[host].in_sync; }
  std::string Describe();

 private:
  static constexpr uint64_t kKeys = 4;
  static constexpr size_t kPushMax = 20;
  static constexpr absl::Duration kPullInterval = absl::Milliseconds(15);
  static constexpr absl::Duration kCronInterval = absl::Milliseconds(100);
  static constexpr uint64_t kCopyMillisMax = 3000;
  static constexpr int64_t kLinkMillis = 400;  // Without a word from it, a connection has ended.

  struct Write {
    uint64_t id = 0;  // Rises with the time of the request.
    uint64_t key = 0;
  };
  struct Request {
    bool write = false;
    uint64_t key = 0;
    uint64_t id = 0;  // Of the write, or of the one that the read has seen (0: none).
    absl::Time asked;
    absl::Time answered = absl::InfiniteFuture();
  };
  struct Held {
    uint64_t offset = 0;
    Request request;
  };
  // What a file or a process holds.
  struct Data {
    std::vector<Write> log;
    History history;
  };
  struct Engine {
    Data data;
    bool copied = false;  // From the shard's primary, in this process.
    bool primary = false;
    int64_t copying_until_ms = 0;
    uint64_t asked = 0;  // The last question to the primary: only its answer counts.
    std::shared_ptr<const ClusterPicture> picture;
    InSync in_sync;
    std::vector<Held> held;
    std::map<ledger::NodeBoot, int64_t> heard_ms;  // Of replicas.
  };
  struct Message {
    bool push = false;
    uint64_t number = 0;
    ledger::NodeBoot from;
    std::string history;
    bool full = false;
    uint64_t offset = 0;
    std::vector<Write> writes;
  };

  void Begin(int host);
  void End(int host);
  void Look(int host);
  void Pull(int host);
  void Cron(int host);
  void OnMessage(int from, int to, const Message& message);
  void OnPull(int from, int host, const Message& pull);
  void OnPush(int from, int host, const Message& push);
  void Propose(int host, const ledger::Change& change);
  InSync::Decided DecidedBy(int host) const;
  bool MayServe(int host);
  void Load();
  void Ask(int host);
  void Release(int host);
  void DropHeld(int host);
  int64_t NowMs(int host) { return absl::ToUnixMillis(control_.hosts().LocalNow(host)); }
  std::string NewHistory();

  const SyncedSimOptions options_;
  ControlSim control_;
  sim::Random random_;
  std::unique_ptr<sim::Network<Message>> network_;
  std::vector<Engine> engines_;
  std::vector<Data> files_;
  absl::Duration period_ = absl::ZeroDuration();
  uint64_t last_write_ = 0;
  uint64_t last_history_ = 0;
  uint64_t acknowledged_ = 0;
  uint64_t reads_ = 0;
  std::vector<Request> answered_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_SYNCED_SIM_H_
