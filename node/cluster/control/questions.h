// What nodes ask each other outside of one log (Transport::Call): who are you, join us, take us in.
//
// Plain values and their encoding (as the ledger's, wire.h: version byte, fields). Pure functions;
// decoding anything but what encoding gives is an invalid argument.
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_QUESTIONS_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_QUESTIONS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "node/cluster/control/node_record.h"
#include "slots/ids.h"
#include "slots/ledger/refusal.h"

namespace slotmesh::node {

// Methods.
inline constexpr std::string_view kAskHello = "hello";  // HelloRequest -> Hello
inline constexpr std::string_view kAskMeet = "meet";    // MeetRequest -> ""
inline constexpr std::string_view kAskJoin = "join";    // JoinRequest -> JoinAnswer

// Members that an answer names, voters first.
inline constexpr size_t kNamedPeersMax = 64;

// Who asks, and of which log.
struct HelloRequest {
  slots::NodeId node;
  slots::LogId log;
  slots::LogId sealed_into;  // Zero: the asker's log is not sealed.
  friend bool operator==(const HelloRequest&, const HelloRequest&) = default;
};

// Who answers, of which log, and what that log says of the asker.
struct Hello {
  slots::NodeId node;
  slots::LogId log;
  absl::Time created;
  uint64_t sequence = 0;         // Of the answerer's map, by which the rest is said.
  bool member = false;           // The asker is a member of this log.
  bool joined = false;           // The asker's log has become part of this one.
  bool takes_seal = false;       // Knows what becomes of the seal: `sealed_into` is this log, has
                                 // become part of it, or was given up by the answerer.
  bool ended = false;            // The answerer gave the asker's log up as its last member.
  bool decides = false;          // A majority of this log's voters is there.
  bool bare = false;             // A node alone without slots and keys.
  bool has_keys = false;         // The answerer's own.
  std::vector<KnownPeer> peers;  // The answerer among them.
  friend bool operator==(const Hello&, const Hello&) = default;
};

// "Say hello to who is at `address`, and join with its cluster, or just follow it if your log has
// become part of it."
struct MeetRequest {
  std::string address;
  slots::NodeId wanted;  // Who is meant; zero: whoever is asked.
  bool only_follow = false;
  friend bool operator==(const MeetRequest&, const MeetRequest&) = default;
};

// "My log is sealed into yours: take it in."
struct JoinRequest {
  slots::LogId into;
  std::string entry;  // Encoded LogJoined.
  friend bool operator==(const JoinRequest&, const JoinRequest&) = default;
};

// What became of it.
struct JoinAnswer {
  ledger::Refusal refusal = ledger::Refusal::kNone;
  bool for_good = false;  // Of a refusal: this seal will never be taken in. Else ask again.
  bool ended = false;     // It was taken in, by a log that has ended since: leave.
  std::string message;
  slots::LogId log;
  uint64_t sequence = 0;  // The asker is a member in the map of this sequence.
  std::vector<KnownPeer> peers;
  friend bool operator==(const JoinAnswer&, const JoinAnswer&) = default;
};

std::string Encode(const HelloRequest& request);
std::string Encode(const Hello& hello);
std::string Encode(const MeetRequest& request);
std::string Encode(const JoinRequest& request);
std::string Encode(const JoinAnswer& answer);
absl::StatusOr<HelloRequest> DecodeHelloRequest(std::string_view bytes);
absl::StatusOr<Hello> DecodeHello(std::string_view bytes);
absl::StatusOr<MeetRequest> DecodeMeetRequest(std::string_view bytes);
absl::StatusOr<JoinRequest> DecodeJoinRequest(std::string_view bytes);
absl::StatusOr<JoinAnswer> DecodeJoinAnswer(std::string_view bytes);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_QUESTIONS_H_
