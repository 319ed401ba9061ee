// Who is alive, and who knows what: liveness and dissemination among the members that the ledger
// has decided on, as a pure step machine. The same options, random bits and inputs give the same
// outputs.
//
// How it works (SWIM: Das, Gupta, Motivala 2002; Lifeguard: Dadgar, Phillips, Currey 2018):
//  - Direct peers (own shard; voters with all) beat each other every T/10. Silence of T/2 makes a
//  node probe the peer,
//    itself and through helpers; if nobody reaches it, it is suspected, and dead once T has passed
//    since it was heard last. Other peers are probed in random order, one each second.
//  - A suspected node that is alive refutes with a higher incarnation. Hearsay does not outweigh a
//  node's own ears: a
//    direct peer that is heard is never taken for dead.
//  - A node that hears fewer than half of its direct peers is likely to be the one cut off
//  ("isolated"): it judges
//    nobody until it hears more, unless it hears the majority of the voters, itself counted: there
//    the cluster is. One whose process was stopped for a while starts its watch anew.
//  - News about members ride on the messages that go out anyway, each a bounded number of times. If
//  views stay
//    different all the same, digests of 32 buckets show which records to exchange.
//  - A new map version is pushed at once on all streams, by each node when it has it; every message
//  carries the
//    version too, as the safety net.
//
// Thread-compatible. Shares the member list. No I/O: the driver performs the outputs and calls
// again at NextDeadline(). A step costs O(updates in the message); each T/10 one walk over the
// direct peers.
#ifndef SLOTMESH_GOSSIP_MACHINE_H_
#define SLOTMESH_GOSSIP_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/time/time.h"
#include "gossip/member_table.h"
#include "gossip/members.h"
#include "gossip/message.h"
#include "gossip/options.h"
#include "gossip/overlay.h"
#include "gossip/probing.h"
#include "gossip/suspicion.h"
#include "gossip/update_queue.h"
#include "slots/ids.h"
#include "slots/slot_map.h"

namespace slotmesh::gossip {

// Nothing but the passing of time.
struct Tick {};
// This node has a new map (also its first). `members` is what that map says; not null.
struct MapChange {
  slots::MapVersion version;
  uint64_t digest = 0;
  std::shared_ptr<const Members> members;
};
// What this node's beats say about itself. No beat is sent for it.
struct LocalChange {
  uint64_t ledger_term = 0;
  uint64_t replication_offset = 0;
  uint32_t load_permille = 0;
};
// A stream to or from the peer stands, or has ended. One per peer counts, whoever opened it.
struct LinkUp {
  slots::NodeId peer;
};
struct LinkDown {
  slots::NodeId peer;
};
// `from` is whom the stream was authenticated for.
struct Received {
  slots::NodeId from;
  Message message;
};
using Input = std::variant<Tick, MapChange, LocalChange, LinkUp, LinkDown, Received>;

struct Send {
  slots::NodeId to;
  Message message;
};
// A member's record has another state, or names another process.
struct StateChange {
  slots::NodeId node;
  State before = State::kAlive;
  State after = State::kAlive;
  slots::BootId boot_before = 0;
  slots::BootId boot = 0;
  Incarnation incarnation = 0;
};
// `reporter` passed it on that the member does not answer: new here, or one more who says so.
struct Report {
  slots::NodeId reporter;
  slots::NodeId node;
};
// `peer` has a newer map of this node's log: pull it there. Comes again, from whoever shows it,
// while the map is old.
struct NewerMap {
  slots::NodeId peer;
  slots::MapVersion version;
};

struct Output {
  std::vector<Send> sends;           // To peers with a link; at most links + kSendsPerStepMax.
  std::vector<StateChange> changes;  // In the order in which they happened.
  std::vector<Report> reports;       // The same.
  std::optional<NewerMap> newer_map;
  std::optional<std::vector<slots::NodeId>>
      links;  // Whom to keep streams to, if that has changed; sorted.
};

inline constexpr size_t kBeatsPerStep = 64;
inline constexpr size_t kSendsPerStepMax = 1024;
inline constexpr size_t kLinksMax = 16384;
inline constexpr int kSyncsServedPerBeatMax = 16;

struct Stats {
  uint64_t messages_sent = 0;
  uint64_t bytes_sent = 0;
  uint64_t messages_received = 0;
  uint64_t bytes_received = 0;
  uint64_t bad_messages = 0;       // Failed Validate(), or not from whom the stream is.
  uint64_t stale_messages = 0;     // Of a process that has been replaced.
  uint64_t stranger_messages = 0;  // From nodes that are not members.
  uint64_t dropped = 0;            // For a bound: links, probes, relays, syncs, sends.
  uint64_t probes = 0;
  uint64_t probes_failed = 0;
  uint64_t suspicions = 0;   // Raised by this node.
  uint64_t deaths = 0;       // Declared by this node.
  uint64_t refutations = 0;  // Of suspicions against this node.
  uint64_t syncs = 0;        // Begun by this node.
  uint64_t pauses = 0;       // Times this process was stopped.
};

// A member as this node sees it.
struct MemberView {
  const Member* member = nullptr;
  State state = State::kAlive;
  slots::BootId boot = 0;       // 0 if not known.
  Incarnation incarnation = 0;  // 0 if nothing is known but that it is a member.
  absl::Time since;             // Of state and boot.
  bool linked = false;
  // What it said itself; null if it never did. It may be of the former process (heard->beat.boot)
  // for a moment.
  const Heard* heard = nullptr;
};

class Machine;

// Valid until the next Step().
class View {
 public:
  size_t size() const;
  MemberView operator[](uint32_t index) const;  // In the order of ids.
  std::optional<MemberView> Find(const slots::NodeId& node) const;
  const Members& members() const;
  // When a message of the node's present process came last; InfinitePast if never.
  absl::Time LastHeard(const slots::NodeId& node) const;
  // This node hears fewer than half of its direct peers: the states are what was known before.
  bool isolated() const;
  Incarnation incarnation() const;  // One's own.
  uint64_t digest() const;          // Views that agree on who is not alive have equal ones.
  int local_health() const;         // 0 is healthy, 8 the worst.

 private:
  friend class Machine;
  explicit View(const Machine* machine) : machine_(machine) {}
  const Machine* machine_;
};

class Machine {
 public:
  // REQUIRES: the options are in range. `random` is used in Step() only and must outlive the
  // machine.
  Machine(const Options& options, absl::Time now, absl::BitGenRef random);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Appends effects to *out. Bad peer input is counted in stats(), never fatal.
  // REQUIRES: `now` is not before the previous call's.
  void Step(absl::Time now, const Input& input, Output* out);
  absl::Time NextDeadline() const { return next_deadline_; }  // A tick before this has no effect.
  View view() const { return View(this); }
  const Stats& stats() const { return stats_; }
  void CheckInvariants() const;

 private:
  friend class View;

  // machine.cc: inputs, beats, links.
  void On(const Tick&, Output*) {}
  void On(const MapChange& change, Output* out);
  void On(const LocalChange& change, Output* out);
  void On(const LinkUp& link, Output* out);
  void On(const LinkDown& link, Output* out);
  void NotePause(absl::Time now);
  void RunDue(Output* out);
  void RunBeats(Output* out);
  void ServeBeats(Output* out);
  void UpdateOverlay(Output* out);
  void PushToAll(Output* out);
  absl::Time EarliestDeadline() const;
  MemberRecord SelfRecord() const;
  Message MakeMessage(Kind kind, const slots::NodeId& to);
  void AddUpdates(const slots::NodeId& to, Message* message);
  // Does nothing without a link.
  void SendTo(const slots::NodeId& to, Message message, Output* out);
  bool IsLinked(const slots::NodeId& node) const { return links_.contains(node); }
  bool IsDirect(uint32_t index) const;

  // machine_receive.cc: what peers say.
  void On(const Received& received, Output* out);
  void HandleStranger(const Message& message, Output* out);
  // False if the message is of a process that has been replaced.
  bool HearFrom(uint32_t index, const Beat& beat, Output* out);
  void LookAtMap(const Beat& beat, Output* out);
  void LookAtView(uint32_t index, const Beat& beat, Output* out);
  void Dispatch(uint32_t index, const Message& message, Output* out);
  void Merge(const slots::NodeId& from, const MemberRecord& record, Output* out);
  void Accept(uint32_t index, const MemberRecord& record, Output* out);
  void CorrectErrors(const Message& message, Output* out);
  void Refute(const MemberRecord& record, Output* out);
  void HandleSyncRequest(const Message& message, Output* out);
  void AnswerStale(uint32_t index, Output* out);
  void SendRecords(const slots::NodeId& to, uint32_t buckets, uint32_t wanted, Output* out);

  // machine_probe.cc: judging.
  bool HeardLately(uint32_t index) const;
  absl::Time LastEvidence(uint32_t index) const;
  bool HearsMostVoters() const;
  void JudgeSilence(Output* out);
  void ProbeNext(Output* out);
  void StartProbe(uint32_t index, bool helpers_at_once, Output* out);
  void AskHelpers(uint64_t number, Probe& probe, Output* out);
  std::vector<slots::NodeId> PickHelpers(const slots::NodeId& target);
  void RunProbes(Output* out);
  void FailProbe(const Probe& probe, Output* out);
  void RunRelays(Output* out);
  void HandleProbeRequest(const Message& message, Output* out);
  void HandleAck(const Message& message, Output* out);
  void HandleNack(const Message& message);
  void Suspect(uint32_t index, Output* out);
  absl::Time DeathTime(const slots::NodeId& node, const Suspicion& suspicion) const;
  void RunSuspicions(Output* out);
  void ScheduleSuspicions();

  const Options options_;
  absl::BitGenRef random_;
  absl::Time now_;
  absl::Time next_deadline_;
  Stats stats_;

  // Oneself.
  Incarnation incarnation_;
  uint64_t beat_number_ = 0;
  size_t sends_left_ = 0;  // In this step.
  LocalChange local_;
  slots::MapVersion map_version_;
  uint64_t map_digest_ = 0;
  uint32_t self_index_ = Members::kNone;
  uint32_t accuser_;  // A hash of one's id.

  // The others.
  MemberTable table_;
  std::vector<uint32_t> direct_;  // Indexes of direct peers.
  absl::btree_set<slots::NodeId> links_;
  Overlay overlay_;
  bool overlay_stale_ = false;
  absl::Time rotate_at_;

  // Beats: a round each interval, in steps of kBeatsPerStep.
  absl::Time round_start_;
  size_t next_beat_ = 0;  // Position in direct_.
  absl::Time beat_at_;

  // News.
  UpdateQueue updates_;
  slots::MapVersion hinted_map_;  // The newest that NewerMap named, and when.
  absl::Time hinted_at_ = absl::InfinitePast();
  absl::Time sync_at_;  // Not before this.
  int syncs_served_ = 0;
  absl::Time stranger_answered_ = absl::InfinitePast();

  // Judging.
  absl::Time judge_from_;         // Silence before this does not count.
  std::vector<uint32_t> voters_;  // This node too, if it is one.
  bool isolated_ = true;
  LocalHealth health_;
  ProbeRound probe_round_;
  absl::Time probe_at_;
  uint64_t probe_number_ = 0;
  Probes probes_;
  absl::btree_set<slots::NodeId> probed_;  // The targets of probes_.
  Relays relays_;
  Suspicions suspicions_;
  absl::Time suspicions_at_ = absl::InfiniteFuture();
  bool suspicions_stale_ = false;  // suspicions_at_ must be worked out again.
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_MACHINE_H_
