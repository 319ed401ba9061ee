// What this node serves: the live slot map, the lease, open and fenced slots, as the dispatcher
// asks for them.
//
// Engine thread only. Follows ControlLink's pictures: a new one is taken up between commands.
// Admit() costs some nanoseconds for a slot that is served here and not fenced.
#ifndef SLOTMESH_NODE_CLUSTER_CLUSTER_STATE_H_
#define SLOTMESH_NODE_CLUSTER_CLUSTER_STATE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/cluster/control_link.h"
#include "node/command/cluster_gate.h"
#include "node/command/engine.h"
#include "slots/open_slots.h"
#include "slots/redirect.h"
#include "slots/router.h"
#include "slots/slot_map.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

// How much of a slot is held back while it changes hands (SAFETY 20).
enum class Fence : uint8_t {
  kWrites = 0,          // Nothing in it changes; reads go on.
  kWritesAndReads = 1,  // The commit is under way: its outcome is not known here yet.
};

// The bus port is the client port plus this, unless it is set.
inline constexpr int kBusPortOffset = 10000;
inline constexpr size_t kForgottenMax = 1024;

// Who must be ready before a new picture decides what is served, and acts once it does: migration.
class PictureFollower {
 public:
  virtual ~PictureFollower() = default;
  // `next` is about to be taken up: no request has been admitted by it yet.
  virtual void BeforePicture(const ClusterPicture& next) = 0;
  // It has been; no request has run since BeforePicture.
  virtual void AfterPicture() = 0;
};

// What of the stream may be acknowledged in synced mode: ClusterGate's part of it.
class ReplySafety {
 public:
  virtual ~ReplySafety() = default;
  virtual bool HoldsReply(uint64_t offset) = 0;
  virtual bool IsSafe(uint64_t offset) = 0;
  virtual bool EnoughInSync() = 0;
  // A new picture has been taken up.
  virtual void OnPicture() = 0;
};

// By its address, which has brackets if it is an IPv6 one.
slots::IpFamily FamilyOf(const Client& client);

class ClusterState : public ClusterGate {
 public:
  // Borrows both.
  ClusterState(ControlLink& link, Engine& engine);

  // Takes up the newest picture. True if the map changed. Not to be called within a command.
  bool Refresh();
  // Borrowed; null for none.
  void set_follower(PictureFollower* follower) { follower_ = follower; }
  void set_reply_safety(ReplySafety* safety) { safety_ = safety; }

  const ClusterPicture& picture() const { return *picture_; }
  const slots::SlotMap& map() const { return *picture_->map; }
  ControlLink& link() { return link_; }
  // This node's entry and shard in the map; null if it is not a member (or has no shard).
  const slots::NodeInfo* self() const { return view_->self; }
  const slots::ShardInfo* self_shard() const { return view_->self_shard; }
  bool IsMine(slots::Slot slot) const {
    return view_->self_shard != nullptr && map().Owner(slot) == view_->self_shard;
  }
  // This node is its shard's primary by the map.
  bool IsPrimary() const {
    return view_->self_shard != nullptr && view_->self_shard->primary == self_id();
  }
  // The member is not known to be dead.
  bool IsUp(const slots::NodeId& node) const;
  const PeerHealth* FindPeer(const slots::NodeId& node) const;
  // It was a member in a map seen here, and is none any more (the last kForgottenMax are known).
  bool WasForgotten(const slots::NodeId& node) const;

  // cluster_state, and why it is not ok.
  bool ok() const { return down_reason_.empty(); }
  const std::string& down_reason() const { return down_reason_; }
  // May this node take writes now (SAFETY 7)? `now_ns` is monotonic.
  bool HasLease(int64_t now_ns) const {
    return link_.lease().Holds(picture_->lease_tenure, now_ns);
  }

  const slots::NodeId& self_id() const { return link_.self(); }
  const slots::NodeInfo& own_info() const { return link_.own_info(); }
  // The member as clients are told of it here: of this node, what it says from now on, which the
  // map may not have yet.
  const slots::NodeInfo& Shown(const slots::NodeInfo& member) const {
    return member.id == self_id() ? own_info() : member;
  }

  const slots::OpenSlots& open_slots() const { return open_slots_; }
  void SetFence(const slots::SlotSet& slots, Fence fence);
  // Lets everyone who waits for these slots try again.
  void LiftFence(const slots::SlotSet& slots);
  // All of these slots' data is staged here and its owner is about to give them up: who asks for
  // them waits for the outcome instead of being sent back to the owner, which may know it before
  // this node does.
  void ExpectSlots(const slots::SlotSet& slots);
  // They have come, or will not: those who wait try again.
  void SettleSlots(const slots::SlotSet& slots);
  const slots::SlotSet& fenced() const { return fenced_writes_; }
  // This node has just become a primary: who wants to write waits for its lease, which is on its
  // way. Lets them go on once it is there, or does not come. Called now and then.
  void EndWaitForLease();
  // This node has given up its lease to hand its shard over: who wants to write waits for what
  // comes of it, as EndWaitForLease() has it.
  void AwaitHandOver();
  // Something to do a little later, outside commands: by the next RunLater().
  void Later(std::function<void()> task) { later_.push_back(std::move(task)); }
  void RunLater();
  // These are this node's own by the map, but it does not have their data: they are refused until
  // it runs again or they have another owner.
  void RefuseSlots(const slots::SlotSet& slots);

  // ClusterGate.
  Admission Admit(const GateRequest& request, Client& client, Reply& reply) override;
  bool MayAcknowledge() override;
  bool MayChange(slots::Slot slot) override;
  bool HoldsReply(uint64_t offset) override {
    return safety_ != nullptr && safety_->HoldsReply(offset);
  }
  bool IsSafe(uint64_t offset) override { return safety_ == nullptr || safety_->IsSafe(offset); }
  bool EnoughInSync() override { return safety_ == nullptr || safety_->EnoughInSync(); }

 private:
  // What is kept of slots that are others' now: subscribers, counters.
  void ForgetSlots();
  void AwaitLease(const ClusterPicture& before);
  void TakeOpenSlots();
  void FindDownReason();
  void FinishRefresh();
  void FenceChanged();
  bool IsHeld(const GateRequest& request, const Client& client, bool write) const;
  slots::KeyPresence Presence(const GateRequest& request, const Client& client) const;
  slots::KeyPresence PresenceOf(const GateRequest& request, Args args, const Command& command,
                                int database) const;

  ControlLink& link_;
  Engine& engine_;
  std::shared_ptr<const ClusterPicture> picture_;
  std::deque<slots::NodeId> forgotten_;
  slots::OpenSlots open_slots_;
  std::optional<slots::RoutingView> view_;
  std::string down_reason_;
  slots::SlotSet expected_;
  slots::SlotSet fenced_writes_;
  slots::SlotSet fenced_reads_;
  slots::SlotSet refused_;
  bool any_fence_ = false;              // Any of the three is not empty.
  int64_t lease_awaited_until_ms_ = 0;  // 0: it is not.
  std::vector<std::function<void()>> later_;
  PictureFollower* follower_ = nullptr;
  ReplySafety* safety_ = nullptr;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CLUSTER_STATE_H_
