// What nodes ask each other before they are of one cluster (Transport::Call): who are you, join us,
// take us in.
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
inline constexpr std::string_view kAskHello = "hello";  // "" -> Hello
inline constexpr std::string_view kAskMeet = "meet";    // MeetRequest -> ""
inline constexpr std::string_view kAskJoin =
    "join";  // An encoded ledger entry (LogJoined) -> JoinAnswer
inline constexpr std::string_view kAskFollow = "follow";  // FollowRequest -> ""

// Who answers, and of which log.
struct Hello {
  slots::NodeId node;
  slots::LogId log;
  absl::Time created;
};

// "Your log is the younger one: join mine, I am at `address`."
struct MeetRequest {
  std::string address;
};

// What became of the entry; when it was taken, whom to follow from now on.
struct JoinAnswer {
  ledger::Refusal refusal = ledger::Refusal::kNone;
  std::string message;
  slots::LogId log;
  std::vector<KnownPeer> peers;
};

// "Our log has become part of `log`."
struct FollowRequest {
  slots::LogId sealed;  // The log that both are of.
  slots::LogId log;
  std::vector<KnownPeer> peers;
};

std::string Encode(const Hello& hello);
std::string Encode(const MeetRequest& request);
std::string Encode(const JoinAnswer& answer);
std::string Encode(const FollowRequest& request);
absl::StatusOr<Hello> DecodeHello(std::string_view bytes);
absl::StatusOr<MeetRequest> DecodeMeetRequest(std::string_view bytes);
absl::StatusOr<JoinAnswer> DecodeJoinAnswer(std::string_view bytes);
absl::StatusOr<FollowRequest> DecodeFollowRequest(std::string_view bytes);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_QUESTIONS_H_
