// One member's part in the log of ownership. Voters hold a replica of the log (raft.h) and apply it
// (state.h); everybody else pulls the view that the log has come to. Anybody may propose: proposals
// travel to the leader and are repeated until they are answered, applied once whatever gets lost on
// the way (SAFETY 4).
//
// A step machine: time, randomness, peers' messages and finished writes come in through Step,
// everything it wants done comes out in LedgerOutput. Times are those of the host's monotonic
// clock. The election of a leader takes at most about a quarter of the node timeout when no message
// is lost.
//
// Leases (lease.h): a primary's ledger keeps its lease alive with the leader. A change that gives a
// shard another primary process waits at the leader until the present one's lease is over or
// released (SAFETY 6, 8); it is not renewed meanwhile. SlotsUnassigned, SlotsReassigned and
// MoveCommitted do not wait: whoever proposes them has the loser's word. Nor does a primary that
// says that it runs anew: its former process has ended (log_disk.h).
//
// Who votes: the leader gives votes to up to five members over distinct hosts and replaces dead
// ones, as far as it is told who is alive (VoterHealth; without it nobody's vote changes). A member
// that is to leave loses its vote first, its MemberLeft waits for that.
//
// Non-voters are no servers of the log: they ask for the view (each T/2, and at once when they hear
// of a newer version), from the leader if they know it, else from any member. A view of another log
// or of an older version is not taken.
//
// Thread-compatible. Owns all its state. Peers' bytes are never fatal: what does not decode is
// counted. A log entry of a newer format stops the replica (status() says so): going on would make
// it differ from the others. Bounds: kWindowSize proposals open, kLeaderQueueMax on their way
// through a leader.
#ifndef SLOTMESH_SLOTS_LEDGER_LEDGER_H_
#define SLOTMESH_SLOTS_LEDGER_LEDGER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/raft_types.h"
#include "slots/ledger/state.h"
#include "slots/slot_map.h"

namespace slotmesh::ledger {

inline constexpr size_t kLeaderQueueMax = 1024;

enum class Mode : uint8_t {
  kCreate,  // A new log, with this node as its only voter and first member.
  kFollow,  // Another node's log.
};

struct LedgerOptions {
  NodeId self;
  BootId boot = 0;
  absl::Duration node_timeout = absl::Seconds(3);  // T.
  Mode mode = Mode::kCreate;
  absl::Time
      created;  // kCreate: the log's creation stamp, from the wall clock, whole microseconds.
  slots::NodeInfo info;       // kCreate: what the first member says about itself.
  std::vector<NodeId> seeds;  // kFollow: members of the log.
  absl::Duration proposal_timeout = absl::Seconds(30);
  // Tickets that this process has used before: of another log, or of this one, which it left. The
  // log knows a process's proposals by them (SAFETY 4).
  uint64_t tickets_used = 0;
  uint64_t snapshot_after = 1024;  // Entries.
};

// What a replica starts from: OpenLedger (ledger_driver.h) gets it from a Storage.
struct ServerRecord {
  ServerId server = 0;
  LogId log;
  HardState hard;
  SnapshotPtr snapshot;
  std::vector<LogEntry> entries;
};

struct TickInput {};
struct PeerInput {
  NodeId from;
  std::string bytes;
};
// All Persists up to that id are durable.
struct StoredInput {
  uint64_t id = 0;
};
// Who is alive as far as this node knows. Holds for two node timeouts.
struct VoterHealth {
  std::vector<NodeId> alive;
};
// Somebody said which version it has.
struct VersionHeard {
  NodeId from;
  slots::MapVersion version;
};
using LedgerInput = std::variant<TickInput, PeerInput, StoredInput, VoterHealth, VersionHeard>;

struct LedgerSend {
  NodeId to;
  std::string bytes;
};
struct ProposalAnswer {
  uint64_t ticket = 0;
  ApplyResult result;
};
struct Leadership {
  Term term = 0;
  NodeId leader;         // Zero: none is known.
  bool settled = false;  // This node leads and knows all that earlier leaders committed.
  friend bool operator==(const Leadership&, const Leadership&) = default;
};

// Performed in field order, but that `sends` need not wait for `persists`.
struct LedgerOutput {
  std::vector<Persist> persists;  // Make durable in order, then step with StoredInput.
  std::vector<LedgerSend> sends;
  std::vector<LogEntry> applied;              // What this replica has applied, in order, each once.
  std::shared_ptr<const slots::SlotMap> map;  // The new one, if it has changed.
  std::vector<ProposalAnswer> answers;        // view() has what they brought about.
  std::optional<Leadership> leadership;       // If it has changed.
};

struct LedgerStats {
  uint64_t bad_messages = 0;  // Did not decode, or of another log.
  uint64_t entries_applied = 0;
  uint64_t proposals_repeated = 0;  // Sent again for want of an answer.
  uint64_t views_pulled = 0;
  uint64_t queue_full = 0;
};

// A log begun again (Ledger::Recover): to be put in place of what is stored (Storage::Replace).
struct Recovery {
  ServerId server = 0;
  Persist persist;
};

class Ledger {
 public:
  // Data loss if what was stored does not fit together; unimplemented if it is of a newer format.
  static absl::StatusOr<std::unique_ptr<Ledger>> Create(const LedgerOptions& options,
                                                        ServerRecord record, absl::Time now,
                                                        absl::BitGenRef random);
  static ServerId NewServerId(absl::BitGenRef random);
  ~Ledger();

  // Appends to *out. REQUIRES: `now` is not before an earlier call's.
  void Step(absl::Time now, const LedgerInput& input, LedgerOutput* out);
  // A ticket, under which the answer comes. Invalid argument for a change that cannot be encoded or
  // is not for proposing; resource exhausted while kWindowSize proposals are open.
  absl::StatusOr<uint64_t> Propose(absl::Time now, const Change& change, LedgerOutput* out);
  // The last ticket that was used, here or before.
  uint64_t last_ticket() const;
  // A tick before this has no effect.
  absl::Time NextDeadline() const;

  // The newest that is known here; valid until the next call that is not const.
  const View& view() const;
  const std::shared_ptr<const slots::SlotMap>& map() const;
  const LogId& log() const;
  ServerId server() const;
  bool is_voter() const;
  Leadership leadership() const;
  // The lease of the shard whose primary this process is (lease.h): asked for each T/10 while it
  // is. True when a write may be admitted, and again when its reply may leave.
  bool AdmitsWrites(absl::Time now) const;
  absl::Time lease_deadline() const;  // InfinitePast if there is none.
  // Gives the lease up (the engine has stopped to write): a takeover need not wait for its end.
  // Until ReclaimLease(), or until this process is made primary again, writes are not admitted.
  void ReleaseLease(absl::Time now, LedgerOutput* out);
  void ReclaimLease();
  // Meaningful while this node leads.
  absl::Time majority_round() const;
  absl::Time leader_since() const;
  Index applied_index() const;
  // Of consensus, for status pages and tests.
  const Configuration& configuration() const;
  Index MatchOf(ServerId server) const;  // 0 unless this node leads.
  // After the majority of the voters was lost for good: the log's next generation (SAFETY 2), which
  // begins with the newest view that is known here and has this node, as a new server, as its only
  // voter. What was decided and never reached this node is lost. Nothing changes until a ledger is
  // opened on it. REQUIRES: view() has this node as a member.
  Recovery Recover(absl::BitGenRef random) const;
  // This server is of a generation that was given up: its log and its votes count no more.
  bool is_left_behind() const;
  // Not OK: this replica has stopped, for that reason.
  const absl::Status& status() const;
  const LedgerStats& stats() const;

  void CheckInvariants() const;

 private:
  class Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_LEDGER_H_
