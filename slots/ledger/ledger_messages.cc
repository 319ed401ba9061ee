#include "slots/ledger/ledger_messages.h"

#include "absl/strings/str_cat.h"
#include "slots/ledger/fields.h"
#include "slots/ledger/map_codec.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint64_t kAgeMaxUs = 3600'000'000;

template <typename Archive>
void Blob(Archive& a, std::string& bytes) {
  if constexpr (Archive::kReading) {
    bytes = std::string(a.GetBlob(2 * kViewBytesMax));
  } else {
    a.PutBlob(bytes);
  }
}

// A stamp comes back as it was, to the nanosecond.
template <typename Archive>
void Nanos(Archive& a, absl::Time& time) {
  uint64_t nanos = static_cast<uint64_t>(absl::ToUnixNanos(time));
  a(nanos);
  if constexpr (Archive::kReading) time = absl::FromUnixNanos(static_cast<int64_t>(nanos));
}

}  // namespace

template <typename Archive>
void Fields(Archive& a, ApplyResult& x) {
  uint8_t refusal = static_cast<uint8_t>(x.refusal);
  a(refusal, x.message, x.sequence, x.changed, x.repeated);
  if constexpr (Archive::kReading) {
    if (refusal > kRefusalMax) return a.Fail("a refusal is unknown");
    x.refusal = static_cast<Refusal>(refusal);
  }
}
template <typename Archive>
void Fields(Archive& a, ConsensusFrame& x) {
  Blob(a, x.bytes);
}
template <typename Archive>
void Fields(Archive& a, ProposeFrame& x) {
  Blob(a, x.entry);
}
template <typename Archive>
void Fields(Archive& a, ResultFrame& x) {
  a(x.proposal, x.result);
}
template <typename Archive>
void Fields(Archive& a, NotLeaderFrame& x) {
  a(x.proposal, x.leader);
}
template <typename Archive>
void Fields(Archive& a, MapRequestFrame& x) {
  a(x.generation, x.sequence, x.server);
}
template <typename Archive>
void Fields(Archive& a, MapReplyFrame& x) {
  a(x.leader, x.index);
  Blob(a, x.view);
}
template <typename Archive>
void Fields(Archive&, InviteFrame&) {}
template <typename Archive>
void Fields(Archive& a, AcceptFrame& x) {
  a(x.server);
}

template <typename Archive>
void Fields(Archive& a, LeaseTerms& x) {
  a(x.shard, x.epoch, x.boot);
}
template <typename Archive>
void Fields(Archive& a, LeaseAskFrame& x) {
  a(x.terms, x.sequence);
  Nanos(a, x.stamp);
}
template <typename Archive>
void Fields(Archive& a, LeaseGrantFrame& x) {
  a(x.terms);
  Nanos(a, x.stamp);
  uint64_t age_us = static_cast<uint64_t>(absl::ToInt64Microseconds(x.age)) + 1;  // Rounded up.
  a(age_us);
  if constexpr (Archive::kReading) {
    if (age_us > kAgeMaxUs) return a.Fail("an age is too great");
    x.age = absl::Microseconds(static_cast<int64_t>(age_us));
  }
}
template <typename Archive>
void Fields(Archive& a, LeaseReleaseFrame& x) {
  a(x.terms);
}

namespace {

template <size_t I = 0>
bool ReadBody(uint8_t kind, Reader& reader, LedgerBody& body) {
  if constexpr (I == std::variant_size_v<LedgerBody>) {
    return false;
  } else {
    if (std::variant_alternative_t<I, LedgerBody>::kKind != kind) {
      return ReadBody<I + 1>(kind, reader, body);
    }
    reader(body.emplace<I>());
    return true;
  }
}

}  // namespace

std::string EncodeLedgerMessage(const LedgerMessage& message) {
  Writer writer;
  std::visit([&](const auto& body) { writer(kVersion, body.kKind, message.log, body); },
             message.body);
  return writer.Take();
}

absl::StatusOr<LedgerMessage> DecodeLedgerMessage(std::string_view bytes) {
  constexpr char kWhat[] = "ledger message";
  Reader reader(bytes);
  uint8_t version = 0;
  uint8_t kind = 0;
  LedgerMessage message;
  reader(version, kind, message.log);
  if (reader.ok() && version != kVersion) {
    return absl::UnimplementedError(
        absl::StrCat(kWhat, ": format version ", version, " is not known to this build"));
  }
  if (reader.ok() && !ReadBody(kind, reader, message.body)) {
    return absl::UnimplementedError(
        absl::StrCat(kWhat, ": kind ", kind, " is not known to this build"));
  }
  if (absl::Status status = reader.Finish(kWhat); !status.ok()) return status;
  return message;
}

}  // namespace slotmesh::ledger
