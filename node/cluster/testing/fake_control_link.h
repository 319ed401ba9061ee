// Several ControlLinks in one process over one ledger::State, for tests of what happens between
// engines: no sockets, no threads, no time.
//
// Whatever one does through its link waits as an event until RunOne() picks it, at random among
// those that may come next: frames between two nodes keep their order (as the bulk channel's do),
// and so do answers, pictures and posted tasks of one node; all else may overtake. Faults are calls
// of the test's. Not thread-safe; the same seed and calls give the same run.
#ifndef SLOTMESH_NODE_CLUSTER_TESTING_FAKE_CONTROL_LINK_H_
#define SLOTMESH_NODE_CLUSTER_TESTING_FAKE_CONTROL_LINK_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "node/cluster/control_link.h"
#include "slots/ledger/state.h"

namespace slotmesh::node {

class FakeControl;

class FakeControlLink : public ControlLink {
 public:
  FakeControlLink(FakeControl& control, const slots::NodeId& self, slots::BootId boot)
      : control_(control), self_(self), boot_(boot) {}

  const slots::NodeId& self() const override { return self_; }
  slots::BootId boot() const override { return boot_; }
  const slots::NodeInfo& own_info() const override { return own_info_; }
  void Announce(const slots::NodeInfo& info) override {
    own_info_ = info;
    own_info_.id = self_;
  }
  std::shared_ptr<const ClusterPicture> picture() const override { return picture_; }
  const LeaseClock& lease() const override { return lease_; }
  void OnPicture(std::function<void()> changed) override { on_picture_ = std::move(changed); }
  void Propose(ledger::Change change, Done done) override;
  void ChangeLibraries(ledger::LibrariesChanged change, std::vector<LibraryText> texts,
                       Done done) override;
  absl::Status Meet(const std::string& ip, uint16_t port, uint16_t bus_port) override;
  // Leaves; it has no cluster of its own afterwards.
  void Reset(bool hard, Done done) override;
  void RecoverQuorum(Done done) override;
  const std::vector<bool>& resets() const { return resets_; }  // Hard or not, each asked for.
  void AcceptData() override {}
  void GiveUpLease(bool) override {}
  bus::SendResult SendBulk(const slots::NodeId& to, std::string payload) override;
  void SetBulkHandlers(BulkHandlers handlers) override { bulk_ = std::move(handlers); }
  bus::SendResult SendPubSub(const slots::NodeId&, std::string) override {
    return bus::SendResult::kNotConnected;
  }
  void SetPubSubHandlers(PubSubHandlers) override {}

  LeaseClock& lease() { return lease_; }
  // A task for this node's engine thread.
  void Post(std::function<void()> task);

 private:
  friend class FakeControl;

  void TakePicture();

  FakeControl& control_;
  const slots::NodeId self_;
  const slots::BootId boot_;
  slots::NodeInfo own_info_;
  LeaseClock lease_;
  std::shared_ptr<const ClusterPicture> picture_ = std::make_shared<ClusterPicture>();
  std::function<void()> on_picture_;
  BulkHandlers bulk_;
  std::deque<std::function<void()>> tasks_;
  std::deque<std::function<void()>> answers_;
  std::vector<bool> resets_;
  uint64_t seen_ = 0;  // Changes of the decided picture.
  bool frozen_picture_ = false;
};

class FakeControl {
 public:
  static constexpr size_t kBulkFramesMax = 16;  // Between two nodes; then kFull.

  explicit FakeControl(uint64_t seed);

  // A member with a shard of its own, primary in it; `number` gives its id and shard id.
  FakeControlLink& AddNode(uint64_t number, slots::BootId boot = 1);
  // A replica of that shard, in sync: it has no shard of its own.
  FakeControlLink& AddReplica(uint64_t number, uint64_t shard, slots::BootId boot = 1);
  // The node runs again, as another process, and goes on as its shard's primary. REQUIRES: it was
  // killed.
  FakeControlLink& Restart(uint64_t number, slots::BootId boot);
  // A replica becomes its shard's primary.
  void Promote(uint64_t number, uint64_t shard);
  static slots::NodeId NodeIdOf(uint64_t number);
  static slots::ShardId ShardIdOf(uint64_t number);

  const ledger::State& state() const { return state_; }
  // Decides on the spot. The refusal as Propose gives it.
  absl::Status Apply(const ledger::Change& change);

  // Performs one thing that waits; false if nothing does.
  bool RunOne();
  // Until nothing waits, or `done`. False if `max` things were not enough.
  bool RunUntil(const std::function<bool()>& done, int max = 100000);

  // --- Faults. ---

  // What is on the way between the two is lost, and both are told.
  void BreakLink(const slots::NodeId& a, const slots::NodeId& b);
  // The node came up without its data, its picture says.
  void SetDataMissing(const slots::NodeId& node) {
    data_missing_.push_back(node);
    Changed();
  }
  // While cut, nothing can be sent between the two.
  void Cut(const slots::NodeId& a, const slots::NodeId& b, bool cut);
  // The process is gone: nothing of it or for it happens any more. REQUIRES: its link's owner has
  // detached (or will not be called again).
  void Kill(const slots::NodeId& node);
  // What the others' pictures say of its health.
  void SetHealth(const slots::NodeId& node, gossip::State health);
  // Proposals wait without being decided (no majority); then, if `answer`, get unavailable at once
  // though they stay in line.
  void HoldProposals(bool hold, bool answer_unavailable);
  // One in so many proposals gets unavailable, whatever becomes of it. 0: none.
  void LoseAnswers(uint32_t one_in) { lose_answers_ = one_in; }
  // The node sees no later picture until this is lifted (its answers wait too).
  void FreezePicture(const slots::NodeId& node, bool freeze);

  size_t frames_delivered() const { return frames_delivered_; }

 private:
  friend class FakeControlLink;

  using Pair = std::pair<slots::NodeId, slots::NodeId>;
  struct Proposal {
    FakeControlLink* from;
    ledger::Change change;
    ControlLink::Done done;
  };
  struct Channel {
    std::deque<std::string> frames;
    bool was_full = false;
    bool cut = false;
  };

  FakeControlLink& AddLink(const slots::NodeId& id, slots::BootId boot);
  std::shared_ptr<const ClusterPicture> MakePicture(const slots::NodeId& self) const;
  void Changed() { ++changes_; }
  void Lose(Channel& channel, const Pair& pair);
  void DeliverFrame(const Pair& pair, Channel& channel);
  void Decide(Proposal proposal);
  uint32_t Below(size_t n) { return static_cast<uint32_t>(random_() % n); }

  std::mt19937_64 random_;
  ledger::State state_;
  std::shared_ptr<const LibraryTexts> libraries_ = std::make_shared<LibraryTexts>();
  uint64_t changes_ = 1;
  std::map<slots::NodeId, std::unique_ptr<FakeControlLink>> links_;
  std::vector<std::unique_ptr<FakeControlLink>> gone_;
  std::map<Pair, Channel> channels_;
  std::deque<Proposal> proposals_;
  std::map<slots::NodeId, gossip::State> health_;
  std::vector<slots::NodeId> data_missing_;
  bool hold_proposals_ = false;
  bool answer_unavailable_ = false;
  uint32_t lose_answers_ = 0;
  size_t frames_delivered_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_TESTING_FAKE_CONTROL_LINK_H_
