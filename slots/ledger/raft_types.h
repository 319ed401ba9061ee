// What the ledger's consensus layer keeps and sends: log entries, configurations, snapshots,
// messages, and what has to become durable. Plain values; encodings as wire.h says, versioned and
// checksummed where they stand alone.
#ifndef SLOTMESH_SLOTS_LEDGER_RAFT_TYPES_H_
#define SLOTMESH_SLOTS_LEDGER_RAFT_TYPES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "slots/ids.h"

namespace slotmesh::ledger {

using slots::NodeId;

// One replica of the log on one disk: a node whose disk was lost comes back under a new one (SAFETY
// 10). Random; 0 is "none".
using ServerId = uint64_t;
using Term = uint64_t;
using Index = uint64_t;  // Of a log entry, from 1.

struct Server {
  ServerId id = 0;
  NodeId node;
  friend auto operator<=>(const Server&, const Server&) = default;
};

// Who takes part. Learners get the log without a vote, on their way to one.
struct Configuration {
  std::vector<Server> voters;    // Sorted.
  std::vector<Server> learners;  // Sorted; no voter among them.

  bool IsVoter(ServerId id) const;
  // Null if it does not take part.
  const Server* Find(ServerId id) const;
  // A set of that many voters overlaps with any other.
  size_t majority() const { return voters.size() / 2 + 1; }
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

enum class LogKind : uint8_t { kNoop = 1, kEntry = 2, kConfiguration = 3 };

struct LogEntry {
  Index index = 0;
  Term term = 0;
  LogKind kind = LogKind::kNoop;
  std::string data;  // An encoded Entry (entry.h) or Configuration.
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

// All entries up to `index`, as the state that they make.
struct Snapshot {
  Index index = 0;
  Term term = 0;
  Configuration configuration;
  std::string data;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

struct HardState {
  Term term = 0;
  ServerId vote = 0;  // Whom this server voted for in `term`.
  friend bool operator==(const HardState&, const HardState&) = default;
};

// One step of what must become durable; steps in the order of their ids.
struct Persist {
  uint64_t id = 0;
  HardState hard;
  // Not null: replaces the snapshot, and `entries` replace the whole log.
  SnapshotPtr snapshot;
  // Otherwise they follow the log, from which all from entries[0].index on is dropped first.
  std::vector<LogEntry> entries;
};

struct RaftMessage {
  enum class Type : uint8_t {
    kAppend = 1,  // index, log_term: the entry before `entries`; commit; round.
    kAppendReply =
        2,           // ok: all up to index is as the leader's; else index was refused, hint; round.
    kVote = 3,       // index, log_term: of the last entry; pre.
    kVoteReply = 4,  // ok; pre.
    kSnapshot = 5,   // snapshot; round.
  };
  Type type = Type::kAppend;
  ServerId from = 0;
  ServerId to = 0;
  Term term = 0;
  Index index = 0;
  Term log_term = 0;
  Index commit = 0;
  Index hint = 0;
  uint64_t round = 0;  // Of the leader's; the reply repeats it.
  bool ok = false;
  bool pre = false;  // Only asks whether the vote would be given.
  std::vector<LogEntry> entries;
  SnapshotPtr snapshot;
};

std::string EncodeConfiguration(const Configuration& configuration);
absl::StatusOr<Configuration> DecodeConfiguration(std::string_view bytes);

std::string EncodeLogEntry(const LogEntry& entry);
absl::StatusOr<LogEntry> DecodeLogEntry(std::string_view bytes);

std::string EncodeSnapshot(const Snapshot& snapshot);
absl::StatusOr<Snapshot> DecodeSnapshot(std::string_view bytes);

std::string EncodeRaftMessage(const RaftMessage& message);
// Invalid argument for anything but an encoded message with ids, with entries of rising indexes
// right after `index` in terms that do not fall, with configurations that decode.
absl::StatusOr<RaftMessage> DecodeRaftMessage(std::string_view bytes);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_RAFT_TYPES_H_
