// Joining two clusters: CLUSTER MEET as a step machine (SAFETY 23; slots/ledger/state.h tells the
// whole story).
//
// Whoever finds that its own log is the younger one acts: it seals its log into the other, asks the
// other log to take it in, and then follows that one. With the older log it asks the other side to
// act. One target at a time, in the order of the MEETs; a target is tried again every kRetry until
// it is of the same log or its time is up. Crossing and repeated MEETs end at the oldest log.
// Thread-compatible; no I/O.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_JOIN_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_JOIN_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node/cluster/control/node_record.h"
#include "node/cluster/control/questions.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/state.h"
#include "slots/ledger/view.h"

namespace slotmesh::node {

// What the join wants done; the owner answers with the On... call named beside it.
struct AskAction {  // OnAnswer
  std::string address;
  std::string method;
  std::string payload;
};
struct ProposeAction {  // OnDecided
  ledger::Change change;
};
// Make durable that a join is under way (or, without a value, that none is), before what follows.
struct RememberAction {
  std::optional<PendingJoin> joining;
};
// Give up this node's log, follow that one. The machine is idle afterwards.
struct FollowAction {
  FollowRequest request;
};
struct NoteAction {
  std::string line;
};
using JoinAction = std::variant<AskAction, ProposeAction, RememberAction, FollowAction, NoteAction>;

class Join {
 public:
  static constexpr size_t kTargetsMax = 64;
  static constexpr absl::Duration kRetry = absl::Seconds(1);
  static constexpr absl::Duration kGiveUpAfter = absl::Seconds(60);

  Join(slots::NodeId self, std::string own_address)
      : self_(self), own_address_(std::move(own_address)) {}

  // What is true of this node's own log, before each other call.
  struct Own {
    const ledger::View* view = nullptr;
    slots::LogId log;
    bool has_keys = false;
  };

  // A MEET (or another node's request to act on one). Resource exhausted beyond kTargetsMax.
  absl::Status Meet(const std::string& address, absl::Time now);
  // Goes on with a join that a crash has interrupted.
  void Resume(const PendingJoin& joining, absl::Time now);

  void Step(const Own& own, absl::Time now, std::vector<JoinAction>* out);
  void OnAnswer(const Own& own, absl::Time now, const absl::StatusOr<std::string>& answer,
                std::vector<JoinAction>* out);
  void OnDecided(const Own& own, absl::Time now, const ledger::ApplyResult& result,
                 std::vector<JoinAction>* out);

  // A Step before this has no effect.
  absl::Time NextDeadline() const;
  bool idle() const { return targets_.empty() && stage_ == Stage::kIdle; }

 private:
  enum class Stage : uint8_t {
    kIdle,   // The first target is to be tried at next_try_.
    kHello,  // Asked who it is.
    kAskedToMeet,
    kSealing,    // Proposed the seal.
    kAsking,     // Asked to be taken in.
    kUnsealing,  // Proposed to undo the seal.
  };
  struct Target {
    std::string address;
    absl::Time give_up;
  };

  void OnHello(const Own& own, absl::Time now, const Hello& hello, std::vector<JoinAction>* out);
  void OnJoinAnswer(absl::Time now, const JoinAnswer& answer, std::vector<JoinAction>* out);
  void AskToBeTaken(const Own& own, std::vector<JoinAction>* out);
  void TryLater(absl::Time now);
  void DropTarget();

  slots::NodeId self_;
  std::string own_address_;
  std::deque<Target> targets_;
  Stage stage_ = Stage::kIdle;
  absl::Time next_try_ = absl::InfinitePast();
  PendingJoin joining_;  // From kSealing on.
  bool again_after_unsealing_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_JOIN_H_
