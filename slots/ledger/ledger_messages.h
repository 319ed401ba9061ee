// What replicas of the ledger say to each other, on a channel of their own of the bus (one message,
// one frame).
//
// Encoding (wire.h): format version, kind, log id, fields. Pure functions; decoding takes nothing
// else and memory in proportion to the input.
#ifndef SLOTMESH_SLOTS_LEDGER_LEDGER_MESSAGES_H_
#define SLOTMESH_SLOTS_LEDGER_LEDGER_MESSAGES_H_

#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/lease.h"
#include "slots/ledger/raft_types.h"
#include "slots/ledger/state.h"
#include "slots/slot_map.h"

namespace slotmesh::ledger {

struct ConsensusFrame {
  static constexpr uint8_t kKind = 1;
  std::string bytes;  // An encoded RaftMessage.
};
// To the leader (or who is taken for it): please decide this.
struct ProposeFrame {
  static constexpr uint8_t kKind = 2;
  std::string entry;  // Encoded.
};
// What a proposal came to.
struct ResultFrame {
  static constexpr uint8_t kKind = 3;
  ProposalId proposal;
  ApplyResult result;
};
// Not the leader; `leader` may be (zero: not known).
struct NotLeaderFrame {
  static constexpr uint8_t kKind = 4;
  ProposalId proposal;
  NodeId leader;
};
// Send me your view if it is newer than this. Also says which server the asker runs.
struct MapRequestFrame {
  static constexpr uint8_t kKind = 5;
  uint64_t generation = 0;
  uint64_t sequence = 0;
  ServerId server = 0;
};
struct MapReplyFrame {
  static constexpr uint8_t kKind = 6;
  NodeId leader;     // Zero: not known.
  Index index = 0;   // Of the log: how far the view has come.
  std::string view;  // Encoded; empty if the asker's is as new.
};
// The leader would like this node as a voter: which server does it run?
struct InviteFrame {
  static constexpr uint8_t kKind = 7;
};
struct AcceptFrame {
  static constexpr uint8_t kKind = 8;
  ServerId server = 0;
};

// A primary's heartbeat to the leader: please let me have (or keep) my lease.
struct LeaseAskFrame {
  static constexpr uint8_t kKind = 9;
  LeaseTerms terms;
  absl::Time stamp;       // The sender's clock.
  uint64_t sequence = 0;  // Of the map that the sender goes by.
};
struct LeaseGrantFrame {
  static constexpr uint8_t kKind = 10;
  LeaseTerms terms;
  absl::Time stamp;
  absl::Duration age;
};
// A primary has stopped to take writes.
struct LeaseReleaseFrame {
  static constexpr uint8_t kKind = 11;
  LeaseTerms terms;
};

using LedgerBody = std::variant<ConsensusFrame, ProposeFrame, ResultFrame, NotLeaderFrame,
                                MapRequestFrame, MapReplyFrame, InviteFrame, AcceptFrame,
                                LeaseAskFrame, LeaseGrantFrame, LeaseReleaseFrame>;

struct LedgerMessage {
  LogId log;
  LedgerBody body;
};

std::string EncodeLedgerMessage(const LedgerMessage& message);
absl::StatusOr<LedgerMessage> DecodeLedgerMessage(std::string_view bytes);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_LEDGER_MESSAGES_H_
