// One node's part in running the cluster: gossip, ledger, leases and joins behind one step machine.
//
// It owns no thread, socket or clock: ControlDriver runs it on the control thread, the simulator in
// virtual time. Inputs are frames, answers, proposals and the passing of time; outputs are
// performed in field order. Writes to the ledger's storage, the node's file and the folder of
// function libraries happen inside Step (they are rare and small, and nothing may be promised
// before they are durable). Thread-compatible. Peers' bytes are never fatal.
//
// What it does by itself: a fresh node begins a log of its own with one shard; a restarted node
// tells the ledger of its new process; it keeps the voters' health known to the leader; it passes
// on the lease that the ledger holds while it is a primary. A node that finds itself taken out of
// its cluster (CLUSTER FORGET) begins a log of its own. Members that were never heard are told
// where their log has gone; a node that hears of no majority asks around whether it was left
// behind.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_NODE_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_NODE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gossip/bus/frame.h"
#include "gossip/machine.h"
#include "node/cluster/control/join.h"
#include "node/cluster/control/library_courier.h"
#include "node/cluster/control/library_store.h"
#include "node/cluster/control/node_record.h"
#include "node/cluster/control_link.h"
#include "slots/ledger/ledger.h"
#include "slots/ledger/storage.h"

namespace slotmesh::node {

struct ControlOptions {
  slots::NodeInfo info;  // Addresses, arbiter; id, shard and voter are not looked at.
  slots::BootId boot = 0;
  absl::Duration node_timeout = absl::Seconds(3);
  // This node's files have every write that it has acknowledged: restarted, it knows more than its
  // replicas and goes on by itself.
  bool keeps_every_write = false;
};

struct TimePassed {};
struct FrameCame {
  bus::Sender sender;
  bus::Frame frame;
};
struct LinkChanged {
  slots::NodeId peer;
  bool up = false;
};
// Somebody outside asks; answered in ControlOutput::answers.
struct AskedBy {
  uint64_t call = 0;
  std::string method;
  std::string payload;
};
// The answer to one of ControlOutput::asks.
struct Answered {
  uint64_t ask = 0;
  absl::StatusOr<std::string> answer = absl::UnknownError("");
};
struct ProposeChange {
  uint64_t ticket = 0;  // Of the caller; comes back in ControlOutput::decided.
  ledger::Change change;
};
// The same for a change of function libraries, whose texts go to the voters first.
struct ChangeLibraries {
  uint64_t ticket = 0;
  ledger::LibrariesChanged change;
  std::vector<LibraryText> texts;
};
struct MeetNode {
  std::string address;
};
// CLUSTER RESET: leaves its cluster, and begins a log of its own; `hard`: as a new node. Answered
// in ControlOutput::decided.
struct ResetNode {
  uint64_t ticket = 0;
  bool hard = false;
};
// What this node says of itself to others.
struct LocalState {
  // Of the data that it has of `primary`; 0 if it has no copy.
  uint64_t replication_offset = 0;
  slots::NodeId primary;  // Its shard's, as the engine knows it: the offset counts for no other.
  uint32_t load_permille = 0;
  bool has_keys = false;
};
// This process may serve its slots with what it has: it has loaded its files, or the operator says
// that their data is lost for good (SAFETY 14).
struct DataAccepted {};
// What this node says of its addresses, names and labels from now on, in place of
// ControlOptions::info.
struct AnnounceSelf {
  slots::NodeInfo info;
};
// The majority of the voters is lost for good: this node decides alone from now on (SAFETY 2).
// Answered in ControlOutput::decided.
struct RecoverQuorum {
  uint64_t ticket = 0;
};
// The engine has stopped to write, so that another node can take over at once; or it goes on, for
// none did.
struct LeaseGivenUp {
  bool given_up = true;
};

// The engine has not turned for long, or does again. A node that only seems to live would keep its
// shard for ever: while its engine is silent it is as good as cut off, so that another takes over.
struct EngineSilent {
  bool silent = true;
};

using ControlInput =
    std::variant<TimePassed, FrameCame, LinkChanged, AskedBy, Answered, ProposeChange,
                 ChangeLibraries, MeetNode, ResetNode, LocalState, DataAccepted, LeaseGivenUp,
                 RecoverQuorum, AnnounceSelf, EngineSilent>;

struct ControlOutput {
  struct Peer {
    slots::NodeId node;
    std::string address;
    bool keep = false;
  };
  struct Send {
    slots::NodeId to;
    bus::Frame frame;
  };
  struct Ask {
    uint64_t ask = 0;
    std::string address;
    std::string method;
    std::string payload;
  };
  struct Answer {
    uint64_t call = 0;
    absl::StatusOr<std::string> answer = absl::UnknownError("");
  };
  struct Decided {
    uint64_t ticket = 0;
    absl::Status status;
  };
  struct Lease {
    uint64_t tenure = 0;  // LeaseClock, ClusterPicture.
    absl::Time until;     // InfinitePast: there is none (any more).
  };
  std::optional<slots::NodeId> self;   // This is another node from now on: all peers are gone.
  std::optional<slots::LogId> log;     // This node follows this log from now on.
  std::vector<Peer> peers;             // Known from now on, at that address.
  std::vector<slots::NodeId> removed;  // No peers any more.
  std::vector<Send> sends;
  std::vector<Ask> asks;
  std::vector<Answer> answers;
  std::shared_ptr<const ClusterPicture> picture;  // The new one, if it has changed.
  std::optional<Lease> lease;                     // If it has changed.
  std::vector<Decided> decided;                   // `picture` shows what they brought about.
  std::vector<std::string> notes;                 // For the log.
  std::vector<std::string> details;               // The same, if it is to be verbose.
};

class ControlNode {
 public:
  static constexpr absl::Duration kPictureInterval = absl::Milliseconds(200);
  static constexpr absl::Duration kAskTimeout = absl::Seconds(5);
  static constexpr size_t kOpenAsksMax = 256;
  static constexpr absl::Duration kMembershipTick = absl::Milliseconds(500);
  static constexpr size_t kToldPerTickMax = 8;

  // What outlives a process; outlives the node.
  struct Files {
    NodeFile& file;
    ledger::Storage& storage;
    ledger::LogDisk& libraries;
  };
  // Goes on with what the files hold, or begins a node and a log of its own. Errors are those of
  // the files: they name what is damaged and what to do.
  static absl::StatusOr<std::unique_ptr<ControlNode>> Open(const ControlOptions& options,
                                                           const Files& files, absl::Time now,
                                                           absl::BitGenRef random,
                                                           ControlOutput* out);
  ControlNode(const ControlNode&) = delete;
  ControlNode& operator=(const ControlNode&) = delete;

  // Appends to *out. An error is final: a file could not be written, the node must stop. REQUIRES:
  // `now` does not go back.
  absl::Status Step(absl::Time now, const ControlInput& input, ControlOutput* out);
  // TimePassed before this has no effect.
  absl::Time NextDeadline() const;

  const slots::NodeId& self() const { return record_.id; }
  const ledger::Ledger& ledger() const { return *ledger_; }
  const gossip::Machine& gossip() const { return *gossip_; }
  const slots::SlotMap& map() const { return *ledger_->map(); }
  bool data_missing() const { return data_missing_; }
  bool has_majority() const { return has_majority_; }
  uint64_t bad_frames() const { return bad_frames_; }
  void CheckInvariants() const { ledger_->CheckInvariants(); }

 private:
  // Who waits for a proposal's outcome.
  struct ForCaller {
    uint64_t ticket;
  };
  struct ForJoin {
    uint64_t number;  // join_proposal_, unless the join waits for another one by now.
  };
  struct ForJoiner {  // Another log's question to be taken in.
    uint64_t call;
    ledger::CancelledJoin join;
  };
  struct ForCancelledJoiner {  // It was refused; is it for good?
    uint64_t call;
    ledger::ApplyResult refused;
  };
  struct ForReset {
    uint64_t ticket;
    bool hard;
  };
  struct ForSelf {};
  struct ForFailover {};
  using Waiting = std::variant<ForCaller, ForJoin, ForJoiner, ForCancelledJoiner, ForReset, ForSelf,
                               ForFailover>;

  ControlNode(const ControlOptions& options, const Files& files, absl::Time now,
              absl::BitGenRef random);
  absl::Status Begin(absl::Time now, ControlOutput* out);
  absl::Status OpenLog(absl::Time now, ControlOutput* out);
  void OpenGossip(absl::Time now);

  // control_node.cc: inputs.
  absl::Status On(const TimePassed&, ControlOutput*) { return absl::OkStatus(); }
  absl::Status On(const FrameCame& input, ControlOutput* out);
  absl::Status On(const LinkChanged& input, ControlOutput* out);
  absl::Status On(const AskedBy& input, ControlOutput* out);
  absl::Status On(const Answered& input, ControlOutput* out);
  absl::Status On(const ProposeChange& input, ControlOutput* out);
  absl::Status On(const ChangeLibraries& input, ControlOutput* out);
  absl::Status On(const MeetNode& input, ControlOutput* out);
  absl::Status On(const ResetNode& input, ControlOutput* out);
  absl::Status On(const LocalState& input, ControlOutput* out);
  absl::Status On(const DataAccepted& input, ControlOutput* out);
  absl::Status On(const LeaseGivenUp& input, ControlOutput* out);
  absl::Status On(const RecoverQuorum& input, ControlOutput* out);
  absl::Status On(const AnnounceSelf& input, ControlOutput* out);
  absl::Status On(const EngineSilent& input, ControlOutput* out);
  absl::Status StepAll(const ControlInput& input, ControlOutput* out);

  // control_ledger.cc: the ledger and what this node asks of it.
  absl::Status StepLedger(const ledger::LedgerInput& input, ControlOutput* out);
  absl::Status Propose(const ledger::Change& change, Waiting waiting, ControlOutput* out);
  absl::Status Perform(ledger::LedgerOutput* done, ControlOutput* out);
  absl::Status Settle(const Waiting& waiting, const ledger::ApplyResult& result,
                      ControlOutput* out);
  absl::Status TakeMap(ControlOutput* out);
  absl::Status RememberPeers(ControlOutput* out);
  absl::Status MindSelf(ControlOutput* out);
  std::optional<ledger::Change> WhatIsNewOfSelf(const slots::NodeInfo& known) const;
  bool MayResume(const slots::ShardInfo& shard) const;
  void NoteWaitForSet(ControlOutput* out);
  void NoteIsNoArbiter(ControlOutput* out);
  // By the newest map this process is to serve slots, for an earlier one that did, and has not said
  // that it has their data.
  bool LacksData() const;
  absl::Status LeaveBehind(ControlOutput* out);
  absl::Status MindVoters(ControlOutput* out);

  // control_failover.cc
  absl::Status MindFailover(ControlOutput* out);
  void TellOfSelf(ControlOutput* out);
  uint64_t OwnOffset() const;
  void NotePlaces(const slots::SlotMap& map);
  std::optional<uint64_t> OffsetOf(const gossip::MemberView& member) const;
  bool MayBePromoted(const slots::ShardInfo& shard, const ledger::NodeBoot& replica) const;
  std::vector<ledger::NodeBoot> InSyncWith(const slots::ShardInfo& shard,
                                           const ledger::NodeBoot& next) const;
  bool NoReplicaHasMore(const slots::ShardInfo& shard) const;
  std::optional<ledger::NodeBoot> BestReplica(const slots::ShardInfo& shard) const;
  bool HasLostItsPrimary(const slots::ShardInfo& shard) const;

  // control_lease.cc: may it write, can it decide.
  void MindLease(ControlOutput* out);
  void NoteOffer(const ProposeChange& input);
  void MindMajority(ControlOutput* out);
  absl::Time MajoritySeen() const;

  // control_join.cc: joins, gossip's wishes, the picture.
  absl::Status RunJoin(std::vector<JoinAction> actions, ControlOutput* out);
  absl::Status Follow(const FollowAction& follow, ControlOutput* out);
  void NoteAddress(const KnownPeer& found, ControlOutput* out);
  absl::Status BeginAnew(bool hard, ControlOutput* out);
  absl::Status ChangeLog(ControlOutput* out);
  absl::Status Reopen(ControlOutput* out);
  bool HasEnded(const slots::LogId& log) const;
  Hello AnswerHello(const HelloRequest& request) const;
  absl::Status AnswerJoin(uint64_t call, const JoinRequest& request, ControlOutput* out);
  absl::Status AnswerJoiner(const ForJoiner& joiner, const ledger::ApplyResult& result,
                            ControlOutput* out);
  void SendJoinAnswer(uint64_t call, const ledger::ApplyResult& result, bool for_good,
                      ControlOutput* out);
  void MindMembership(ControlOutput* out);
  Join::Own OwnLog() const;
  std::string own_address() const { return BusAddress(options_.info); }
  std::vector<KnownPeer> NamedPeers() const;

  // control_recovery.cc: after the voters' majority was lost for good.
  absl::Status MayRecover() const;
  absl::Status MindGeneration(ControlOutput* out);

  // control_libraries.cc
  absl::Status MindLibraries(ControlOutput* out);
  absl::Status AnswerCourier(const AskedBy& input, ControlOutput* out);
  LibraryCourier::Own CourierOwn() const;

  // control_publish.cc
  void StepGossip(const gossip::Input& input, ControlOutput* out);
  // Its id, and its name for people if it has one.
  std::string Describe(const slots::NodeId& node) const;
  void Publish(bool now, ControlOutput* out);
  std::vector<KnownPeer> MembersAddresses() const;
  void SendFrame(const slots::NodeId& to, bus::FrameKind kind, std::string payload,
                 ControlOutput* out);

  ControlOptions options_;
  NodeFile& file_;
  ledger::Storage& storage_;
  ledger::LogDisk& library_disk_;
  absl::BitGenRef random_;
  absl::Time now_;
  bool engine_silent_ = false;
  const absl::Time began_;  // When this process did.

  NodeRecord record_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<gossip::Machine> gossip_;
  std::unique_ptr<Join> join_;
  std::unique_ptr<LibraryStore> libraries_;
  std::unique_ptr<LibraryCourier> courier_;
  // Of the log that this node gave up to begin a younger one: to be declared there first of all.
  std::vector<ledger::LibraryDeclaration> carried_libraries_;
  std::map<uint64_t, Waiting> waiting_;  // By the ledger's ticket.
  uint64_t next_ask_ = 0;
  uint64_t join_ask_ = 0;  // The ask whose answer the join waits for, 0 if none.
  uint64_t join_proposal_ = 0;
  LocalState local_;
  std::shared_ptr<const slots::SlotMap> known_map_;  // With known_view_: what the picture shows.
  std::shared_ptr<const ledger::View> known_view_;
  // By replica: the sequence of the map that made it one.
  std::map<slots::NodeId, uint64_t> placed_;
  std::vector<KnownPeer> peers_;
  // Members that were found elsewhere: where they were known to be, and are.
  std::map<slots::NodeId, std::pair<std::string, std::string>> found_;
  std::vector<slots::NodeId> kept_;  // Gossip's wish; sorted.
  bool failover_open_ = false;
  absl::Time failover_at_ = absl::InfinitePast();
  bool self_proposal_open_ = false;
  absl::Time self_proposal_after_ = absl::InfinitePast();
  absl::Time created_after_ = absl::InfinitePast();  // A log that this node begins.
  absl::Time voters_at_ = absl::InfinitePast();
  std::vector<slots::NodeId> told_alive_;  // To the ledger; sorted.
  absl::Time membership_at_ = absl::InfinitePast();
  bool data_accepted_ = false;
  bool data_missing_ = false;
  bool waits_for_set_noted_ = false;
  bool no_arbiter_noted_ = false;
  std::optional<ledger::VersionHeard> newer_map_;
  uint64_t lease_tenure_ = 0;
  // Those that lease_tenure_ goes with.
  std::shared_ptr<const slots::SlotMap> lease_map_;
  std::shared_ptr<const ledger::View> lease_view_;
  // Slots that the engine proposes to give away, by ticket; those decided in this step.
  std::map<uint64_t, slots::SlotSet> offers_;
  std::vector<uint64_t> settled_offers_;
  absl::Time lease_until_ = absl::InfinitePast();
  absl::Time majority_seen_ = absl::InfinitePast();
  bool has_majority_ = false;
  bool picture_dirty_ = true;
  absl::Time picture_at_ = absl::InfinitePast();
  std::map<slots::NodeId, absl::Time> linked_since_;
  uint64_t meets_sent_ = 0;
  uint64_t meets_received_ = 0;
  uint64_t bad_frames_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_NODE_H_
