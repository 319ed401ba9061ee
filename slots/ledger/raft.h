// The ledger's consensus: one server of a Raft group (Ongaro 2014: elections with pre-vote, 9.6;
// leadership checked against a majority, 6.2; one-server configuration changes, 4.1; snapshots, 5),
// without any I/O, in the manner of etcd/raft. The caller brings time, randomness, messages and
// finished writes, and performs what comes out.
//
// Why our own and not libraft: the release that Debian 12 has, 0.15.0 (the project has been given
// up since), counts replicas of entries from earlier terms (a leader of term 4 commits an entry of
// term 2 that a majority stores, tried with raft/fixture.h; Ongaro 3.6.2 shows how another leader
// then overwrites it), appends no entry at the start of a term, changes configurations before it
// has committed anything in its term, and cannot take back an uncommitted configuration that a
// snapshot has cut off from the one before it. Its messages have no place for what leases need:
// which of the leader's rounds an answer belongs to.
//
// What becomes durable leaves as Persist steps; Stored(id) reports them, in order. Messages that
// promise something durable are kept back until then, so that `sends` may always be sent at once.
//
// Thread-compatible. Borrows nothing but the random source. Bounds: kAppendBytesMax a message,
// kHeldMax messages kept back, kRoundsMax rounds remembered.
#ifndef SLOTMESH_SLOTS_LEDGER_RAFT_H_
#define SLOTMESH_SLOTS_LEDGER_RAFT_H_

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "slots/ledger/raft_log.h"
#include "slots/ledger/raft_types.h"

namespace slotmesh::ledger {

inline constexpr size_t kAppendBytesMax = 256 << 10;
inline constexpr Index kInFlightMax = 1024;  // Entries on their way to one server.
inline constexpr size_t kHeldMax = 1024;
inline constexpr size_t kRoundsMax = 256;
inline constexpr size_t kTrailingEntries = 128;

struct RaftOptions {
  ServerId self = 0;
  // A follower that hears of no leader for a random time between this and twice this stands for
  // election; a leader that no majority answers for twice this steps down.
  absl::Duration election = absl::Milliseconds(300);
  absl::Duration heartbeat = absl::Milliseconds(75);
};

struct RaftOutput {
  std::vector<Persist> persists;
  std::vector<RaftMessage> sends;
  SnapshotPtr restored;             // The state is this now; then come `committed`.
  std::vector<LogEntry> committed;  // In order, each once.
};

struct RaftStats {
  uint64_t elections_started = 0;
  uint64_t terms_led = 0;
  uint64_t bad_messages = 0;  // Of peers: to somebody else, or contradicting what is committed.
  uint64_t held_dropped = 0;
};

enum class Role : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

class Raft {
 public:
  // Goes on from what was stored. Errors as RaftLog::Create.
  static absl::StatusOr<Raft> Create(const RaftOptions& options, const HardState& hard,
                                     SnapshotPtr snapshot, std::vector<LogEntry> entries,
                                     absl::Time now, absl::BitGenRef random);

  // REQUIRES, for all that take it: `now` is not before an earlier call's.
  void Tick(absl::Time now, RaftOutput* out);
  void Receive(absl::Time now, const RaftMessage& message, RaftOutput* out);
  void Stored(absl::Time now, uint64_t id, RaftOutput* out);
  // The index that the entry will have if this server goes on leading; 0 if it does not lead.
  Index Propose(absl::Time now, std::string entry, RaftOutput* out);
  // False if this server does not lead, has committed nothing in its term yet, has another change
  // under way, or the change is of more than one voter.
  bool ProposeConfiguration(absl::Time now, const Configuration& next, RaftOutput* out);
  // The first configuration, of a new log: this server alone. It leads at once. REQUIRES: the log
  // is empty.
  void Bootstrap(absl::Time now, const NodeId& node, RaftOutput* out);
  // Puts a snapshot in the place of all entries up to the last that was given out as committed.
  void Compact(std::string state, RaftOutput* out);
  // A tick before this has no effect.
  absl::Time NextDeadline() const;

  Role role() const { return role_; }
  Term term() const { return hard_.term; }
  ServerId leader() const { return leader_; }  // 0 if none is known.
  Index commit_index() const { return commit_; }
  Index applied_index() const { return applied_; }
  const RaftLog& log() const { return log_; }
  const Configuration& configuration() const { return log_.configuration(); }
  bool is_voter() const { return configuration().IsVoter(options_.self); }
  // A voter; also one that is being removed, until it knows that its removal is committed: its
  // vote, or its log, may be needed to commit it (Ongaro 4.2.2).
  bool may_stand() const;
  // Leading, and something of this term is committed: all that earlier terms committed is known.
  bool is_settled_leader() const;
  bool can_change_configuration() const;
  // When the last round left that a majority of the voters has answered in this term (SAFETY 5):
  // from then on for an election timeout nobody else was leader. InfinitePast if there is none or
  // this server does not lead.
  absl::Time majority_round() const;
  // True while there is reason to believe in the leader (itself, too).
  bool HearsLeader(absl::Time now) const;
  // Keeps this server from standing for election: it has been told that it is no voter any more.
  void SetQuiet(bool quiet) { quiet_ = quiet; }
  // Since when this server leads. REQUIRES: it does.
  absl::Time leader_since() const { return leader_since_; }
  // How far that server's log agrees with ours; 0 if that is not known. REQUIRES: this server
  // leads.
  Index MatchOf(ServerId server) const;
  const RaftStats& stats() const { return stats_; }

  void CheckInvariants() const;

 private:
  struct Progress {
    Index next = 1;
    Index match = 0;
    uint64_t round = 0;          // The last that it answered.
    absl::Time snapshot_resend;  // A snapshot is under way until then.
  };
  struct Held {
    uint64_t needs = 0;
    RaftMessage message;
  };
  struct Writing {
    uint64_t id = 0;
    Index last = 0;
  };

  Raft(const RaftOptions& options, const HardState& hard, RaftLog log, absl::Time now,
       absl::BitGenRef random);

  // Elections: raft_election.cc.
  void ResetElectionDeadline(absl::Time now);
  void BecomeFollower(absl::Time now, Term term, ServerId leader);
  void VoteForSelf();
  void StartPreVote(absl::Time now);
  void StartElection(absl::Time now);
  void BecomeLeader(absl::Time now);
  void AskForVotes(bool pre);
  void OnVote(absl::Time now, const RaftMessage& message);
  void OnVoteReply(absl::Time now, const RaftMessage& message);
  void CheckMajority(absl::Time now);

  // Replication: raft.cc.
  RaftMessage Make(RaftMessage::Type type, ServerId to) const;
  void Send(RaftMessage message, bool after_writing);
  bool OnTerm(absl::Time now, const RaftMessage& message);
  void OnAppend(absl::Time now, const RaftMessage& message);
  void TakeEntries(const RaftMessage& message);
  void OnAppendReply(absl::Time now, const RaftMessage& message);
  void OnSnapshot(absl::Time now, const RaftMessage& message);
  void Broadcast(absl::Time now);
  void SendAppend(absl::Time now, const Server& to);
  void AppendOwn(LogKind kind, std::string data);
  void AdvanceCommit(absl::Time now);
  void UpdateRounds();
  std::vector<Server> Peers() const;
  // Moves what the call made into *out.
  void Flush(RaftOutput* out);

  RaftOptions options_;
  absl::BitGenRef random_;
  HardState hard_;
  HardState written_;  // The last that was given out in a Persist.
  RaftLog log_;
  Role role_ = Role::kFollower;
  ServerId leader_ = 0;
  Index commit_ = 0;
  Index applied_ = 0;  // Given out as committed.
  bool quiet_ = false;
  absl::Time election_deadline_;
  absl::Time heard_leader_ = absl::InfinitePast();
  std::set<ServerId> votes_;

  // Leading.
  std::map<ServerId, Progress> progress_;
  absl::Time leader_since_;
  absl::Time next_heartbeat_;
  uint64_t round_ = 0;             // The last that was sent.
  std::deque<absl::Time> rounds_;  // When the last ones were sent: round_ is the back.
  absl::Time majority_round_ = absl::InfinitePast();

  // Writing.
  uint64_t persist_issued_ = 0;
  uint64_t persist_done_ = 0;
  Index unwritten_from_ = 0;  // 0: nothing.
  SnapshotPtr unwritten_snapshot_;
  Index stable_ = 0;  // All up to here is durable, as it is in log_.
  std::deque<Writing> writing_;
  std::vector<Held> outbox_;  // Of this call; needs is 0 or 1 for "after writing".
  std::deque<Held> held_;
  SnapshotPtr restored_;
  RaftStats stats_;
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_RAFT_H_
