// SETSLOT NODE on another node than the slot's owner: the owner is asked to give the slot away,
// because it alone knows that it holds no keys there any more and can stop to take writes (SAFETY
// 8).
//
//   asker -> owner   Give: slot and new owner (repeated until answered; told apart by a random id)
//   owner -> asker   Given: done (or it was so already), refused with the reason, or not now
//
// The owner itself asks in the same way where the slot is changing hands already. The asker answers
// its client once its own picture shows the new owner. Who is asked follows the picture, should
// another have become the owner meanwhile. Frames are those of migration (frames.h).
//
// Engine thread only; borrows engine and state. Bounds: kAsksMax asks, each for kAskTimeout.
#ifndef SLOTMESH_NODE_CLUSTER_SLOT_HANDOVER_H_
#define SLOTMESH_NODE_CLUSTER_SLOT_HANDOVER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "node/cluster/cluster_state.h"
#include "node/cluster/migration/frames.h"

namespace slotmesh::node {

class SlotHandover {
 public:
  static constexpr absl::Duration kAskTimeout = absl::Seconds(5);
  static constexpr absl::Duration kAskRetry = absl::Milliseconds(250);
  static constexpr size_t kAsksMax = 1024;

  using Send = std::function<void(const slots::NodeId& to, std::string frame)>;

  SlotHandover(Engine& engine, ClusterState& state, Send send);
  ~SlotHandover();

  // The slot is to be `target`'s, a primary; of the zero id: nobody's, whatever its owner holds.
  // `done` gets OK once this node sees that, or the refusal.
  void Ask(slots::Slot slot, const slots::NodeId& target, ControlLink::Done done);
  // REQUIRES: it is a Give or a Given.
  void OnFrame(const slots::NodeId& from, const MigrationFrame& frame);
  // A new picture has been taken up.
  void AfterPicture() { Step(); }
  void Tick() { Step(); }
  bool active() const { return !asks_.empty(); }

 private:
  struct Asking {
    slots::Slot slot = 0;
    slots::NodeId target;
    ControlLink::Done done;
    absl::Time deadline;
    absl::Time next_send;
    bool given = false;  // The owner has said so: only the picture is awaited.
  };
  enum class Answer : uint64_t {
    kDone = 0,
    kRefused = 1,
    kNotNow = 2,  // Not the owner, or the ledger decides about the slot just now.
  };

  absl::Time Now() const { return absl::FromUnixNanos(engine_.clock.MonotonicNanos()); }
  void Step();
  // True if the ask is over; then *result says how.
  bool StepOne(const slots::PlanId& id, Asking& ask, absl::Status* result);
  bool StepOwn(const Asking& ask, const slots::ShardInfo& target, absl::Status* result);
  void End(const Asking& ask, const absl::Status& result);
  void OnGive(const slots::NodeId& from, const MigrationFrame& frame);
  void OnGiven(const MigrationFrame& frame);
  void Reply(const slots::NodeId& to, const slots::PlanId& id, Answer answer,
             std::string_view reason);

  Engine& engine_;
  ClusterState& state_;
  Send send_;
  std::map<slots::PlanId, Asking> asks_;
  std::set<slots::PlanId> giving_;  // Asks of others that the ledger decides about now.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_SLOT_HANDOVER_H_
