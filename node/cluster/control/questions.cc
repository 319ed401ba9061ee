#include "node/cluster/control/questions.h"

#include "slots/ledger/wire.h"

namespace slotmesh::node {

namespace {

constexpr uint8_t kVersion = 1;

template <typename... Parts>
std::string Write(const Parts&... parts) {
  ledger::Writer writer;
  writer(kVersion, parts...);
  return writer.Take();
}

template <typename... Parts>
absl::Status Read(std::string_view bytes, std::string_view what, Parts&... parts) {
  ledger::Reader reader(bytes);
  uint8_t version = 0;
  reader(version);
  if (version != kVersion) reader.Fail("another version");
  reader(parts...);
  return reader.Finish(what);
}

}  // namespace

std::string Encode(const Hello& hello) { return Write(hello.node, hello.log, hello.created); }

absl::StatusOr<Hello> DecodeHello(std::string_view bytes) {
  Hello hello;
  const absl::Status status = Read(bytes, "hello", hello.node, hello.log, hello.created);
  if (!status.ok()) return status;
  return hello;
}

std::string Encode(const MeetRequest& request) { return Write(request.address); }

absl::StatusOr<MeetRequest> DecodeMeetRequest(std::string_view bytes) {
  MeetRequest request;
  const absl::Status status = Read(bytes, "meet", request.address);
  if (!status.ok()) return status;
  return request;
}

std::string Encode(const JoinAnswer& answer) {
  return Write(static_cast<uint8_t>(answer.refusal), answer.message, answer.log, answer.peers);
}

absl::StatusOr<JoinAnswer> DecodeJoinAnswer(std::string_view bytes) {
  JoinAnswer answer;
  uint8_t refusal = 0;
  const absl::Status status =
      Read(bytes, "join answer", refusal, answer.message, answer.log, answer.peers);
  if (!status.ok()) return status;
  if (refusal > ledger::kRefusalMax) return absl::InvalidArgumentError("join answer: refusal");
  answer.refusal = static_cast<ledger::Refusal>(refusal);
  return answer;
}

std::string Encode(const FollowRequest& request) {
  return Write(request.sealed, request.log, request.peers);
}

absl::StatusOr<FollowRequest> DecodeFollowRequest(std::string_view bytes) {
  FollowRequest request;
  const absl::Status status = Read(bytes, "follow", request.sealed, request.log, request.peers);
  if (!status.ok()) return status;
  return request;
}

}  // namespace slotmesh::node
