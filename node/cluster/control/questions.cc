#include "node/cluster/control/questions.h"

#include "slots/ledger/entry.h"
#include "slots/ledger/wire.h"

namespace slotmesh::node {

template <typename Archive>
void Fields(Archive& a, HelloRequest& x) {
  a(x.node, x.log, x.sealed_into);
}
template <typename Archive>
void Fields(Archive& a, Hello& x) {
  a(x.node, x.log, x.created, x.sequence, x.member, x.joined, x.takes_seal, x.ended, x.decides,
    x.bare, x.has_keys, x.peers);
}
template <typename Archive>
void Fields(Archive& a, MeetRequest& x) {
  a(x.address, x.wanted, x.only_follow);
}
template <typename Archive>
void Fields(Archive& a, JoinRequest& x) {
  a(x.into);
  if constexpr (Archive::kReading) {
    x.entry = std::string(a.GetBlob(ledger::kEntryBytesMax));
  } else {
    a.PutBlob(x.entry);
  }
}
template <typename Archive>
void Fields(Archive& a, JoinAnswer& x) {
  uint8_t refusal = static_cast<uint8_t>(x.refusal);
  a(refusal, x.for_good, x.ended, x.message, x.log, x.sequence, x.peers);
  if constexpr (Archive::kReading) {
    if (refusal > ledger::kRefusalMax) return a.Fail("a refusal is unknown");
    x.refusal = static_cast<ledger::Refusal>(refusal);
  }
}

namespace {

constexpr uint8_t kVersion = 1;

template <typename Question>
std::string Write(const Question& question) {
  ledger::Writer writer;
  writer(kVersion, question);
  return writer.Take();
}

template <typename Question>
absl::StatusOr<Question> Read(std::string_view bytes, std::string_view what) {
  ledger::Reader reader(bytes);
  uint8_t version = 0;
  reader(version);
  if (version != kVersion) reader.Fail("another version");
  Question question;
  reader(question);
  const absl::Status status = reader.Finish(what);
  if (!status.ok()) return status;
  return question;
}

}  // namespace

std::string Encode(const HelloRequest& request) { return Write(request); }
std::string Encode(const Hello& hello) { return Write(hello); }
std::string Encode(const MeetRequest& request) { return Write(request); }
std::string Encode(const JoinRequest& request) { return Write(request); }
std::string Encode(const JoinAnswer& answer) { return Write(answer); }

absl::StatusOr<HelloRequest> DecodeHelloRequest(std::string_view bytes) {
  return Read<HelloRequest>(bytes, "hello request");
}
absl::StatusOr<Hello> DecodeHello(std::string_view bytes) { return Read<Hello>(bytes, "hello"); }
absl::StatusOr<MeetRequest> DecodeMeetRequest(std::string_view bytes) {
  return Read<MeetRequest>(bytes, "meet");
}
absl::StatusOr<JoinRequest> DecodeJoinRequest(std::string_view bytes) {
  return Read<JoinRequest>(bytes, "join request");
}
absl::StatusOr<JoinAnswer> DecodeJoinAnswer(std::string_view bytes) {
  return Read<JoinAnswer>(bytes, "join answer");
}

}  // namespace slotmesh::node
