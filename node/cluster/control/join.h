// Joining two clusters: CLUSTER MEET as a step machine (SAFETY 23; slots/ledger/state.h tells the
// story of the entries).
//
// A target is an address to say hello to. The answer decides:
//  - its log is this node's own: done (or this node has been taken out of it: leave);
//  - it gave this node's log up as its last member: leave;
//  - its log has taken this node's log in: follow it;
//  - this node's log is the younger: seal it into that one, then ask to be taken in, and follow;
//  - this node's log is the older: ask the other side to act. But a bare node (alone, without slots
//    and keys) never makes others come to it, old as it may be: it begins a new, youngest log
//    first.
// A log whose voters have no majority is not joined until they have.
// Once the log is sealed, any member may ask the other log to take it in: its driver at once, the
// others if they still see the seal a while later. A refusal for good lifts the seal. Targets are
// tried again every kRetry until they are of the same log or their time is up; crossing, circular
// and repeated MEETs end at the oldest log.
//
// Thread-compatible; no I/O. One question or proposal at a time.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_JOIN_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_JOIN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
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
// Give up this node's log, follow that one, in which this node is a member since `sequence`.
struct FollowAction {
  slots::LogId log;
  uint64_t sequence = 0;
  std::vector<KnownPeer> peers;
};
// Give up this node's log, of which it is alone, and begin another one, created later than that.
struct RenewAction {
  absl::Time than;  // By another node's clock.
};
// This node is no member of its cluster any more: begin a log of its own.
struct LeaveAction {};
// A node of this node's own log answers at that address, whatever is known of it.
struct FoundAction {
  KnownPeer peer;
};
struct NoteAction {
  std::string line;
};
using JoinAction = std::variant<AskAction, ProposeAction, FollowAction, RenewAction, LeaveAction,
                                FoundAction, NoteAction>;

class Join {
 public:
  static constexpr size_t kTargetsMax = 64;
  static constexpr absl::Duration kRetry = absl::Seconds(1);
  static constexpr absl::Duration kGiveUpAfter = absl::Seconds(60);
  static constexpr absl::Duration kFollowWithin = absl::Seconds(10);  // Of targets to follow only.
  // How long a member that did not seal the log waits for the one that did.
  static constexpr absl::Duration kTakeOverAfter = absl::Seconds(3);
  // How long the outcome of a proposal is waited for: its log may have ended meanwhile.
  static constexpr absl::Duration kDecideWithin = absl::Seconds(5);

  Join(slots::NodeId self, std::string own_address)
      : self_(self), own_address_(std::move(own_address)) {}

  // What is true of this node's own log, at each call.
  struct Own {
    const ledger::View* view = nullptr;
    slots::LogId log;
    bool has_keys = false;
    bool busy = false;     // Proposals of this node are open.
    bool begins = false;   // The log does not hold yet what it begins with.
    bool settled = false;  // This node leads, and its view is the last that was decided.
    const std::vector<slots::LogId>* ended = nullptr;  // Logs that this node gave up, null if none.
  };

  // A MEET, or (`only_follow`) a hint that this node's log may have become part of that address's.
  // Resource exhausted beyond kTargetsMax.
  absl::Status Meet(const std::string& address, bool only_follow, absl::Time now);
  // This node is of another log from now on (or another node): what was asked and proposed is
  // forgotten, the targets stay.
  void LogChanged(slots::NodeId self);
  void AddressChanged(std::string own_address) { own_address_ = std::move(own_address); }
  void ForgetTargets() { targets_.clear(); }

  void Step(const Own& own, absl::Time now, std::vector<JoinAction>* out);
  void OnAnswer(const Own& own, absl::Time now, const absl::StatusOr<std::string>& answer,
                std::vector<JoinAction>* out);
  // Of the last proposal; one that comes too late is not looked at.
  void OnDecided(const Own& own, absl::Time now, const ledger::ApplyResult& result,
                 std::vector<JoinAction>* out);

  // A Step before this has no effect.
  absl::Time NextDeadline() const;
  bool idle() const { return targets_.empty() && stage_ == Stage::kIdle; }

 private:
  enum class Stage : uint8_t {
    kIdle,
    kHello,         // Asked who is at current_.
    kAskedToMeet,   // Asked current_ to act.
    kCheckingKeys,  // Asking the own cluster's members, one by one, whether they hold keys.
    kSealing,       // Proposed the seal into current_'s log.
    kAsking,        // Asked to be taken in.
    kUnsealing,     // Proposed to lift the seal.
  };
  struct Target {
    std::string address;
    bool only_follow = false;
    absl::Time give_up;
    absl::Time next_try = absl::InfinitePast();
  };

  bool deciding() const { return stage_ == Stage::kSealing || stage_ == Stage::kUnsealing; }
  void NoticeSeal(const Own& own, absl::Time now);
  void SayHello(const Own& own, const std::string& address, std::vector<JoinAction>* out);
  void OnHello(const Own& own, absl::Time now, const Hello& hello, std::vector<JoinAction>* out);
  // The two logs are different ones, and neither has taken the other in.
  void Approach(const Own& own, absl::Time now, const Hello& hello, std::vector<JoinAction>* out);
  void CheckNextMember(const Own& own, absl::Time now, std::vector<JoinAction>* out);
  void OnMember(const Own& own, absl::Time now, const Hello& hello, std::vector<JoinAction>* out);
  void Seal(const Own& own, absl::Time now, std::vector<JoinAction>* out);
  void AskToBeTaken(const Own& own, std::string address, std::vector<JoinAction>* out);
  void OnJoinAnswer(absl::Time now, const JoinAnswer& answer, std::vector<JoinAction>* out);
  Target* FindTarget(const std::string& address);
  void TryLater(absl::Time now);
  void AskToMeet(const Hello& hello, std::vector<JoinAction>* out);
  void DropTarget() { DropTarget(current_); }
  void DropTarget(const std::string& address);

  slots::NodeId self_;
  std::string own_address_;
  std::vector<Target> targets_;
  Stage stage_ = Stage::kIdle;
  absl::Time decide_by_ = absl::InfiniteFuture();  // While sealing and unsealing.
  std::string current_;                            // The target that the present stage is about.
  bool only_follow_ = false;                       // It is only to be followed.

  Hello other_;                                 // Whom to join: while checking keys and sealing.
  std::vector<std::string> unchecked_;          // Members' addresses.
  ledger::Seal asked_;                          // The seal that the other log was asked to take in.
  uint64_t sealed_at_ = 0;                      // Of the seal that was noticed, 0 if there is none.
  absl::Time ask_at_ = absl::InfiniteFuture();  // To be taken in, while the log is sealed.
  size_t next_address_ = 0;
};

// A node alone without slots and keys.
bool IsBare(const Join::Own& own);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_JOIN_H_
