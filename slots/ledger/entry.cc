#include "slots/ledger/entry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "slots/ledger/fields.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

constexpr size_t kChecksumBytes = 4;

constexpr std::string_view kNames[] = {
    "LogCreated",         "MemberJoined",   "MemberUpdated",   "MemberLeft",       "ShardCreated",
    "ReplicaAssigned",    "SlotsAssigned",  "SlotsUnassigned", "SlotsReassigned",  "MovePlanned",
    "MoveCommitted",      "MoveAborted",    "PrimaryBooted",   "PrimaryChanged",   "InSyncChanged",
    "VotersChanged",      "LogSealed",      "LogUnsealed",     "ConfigEpochSet",   "EpochBumped",
    "GenerationRaised",   "JoinCancelled",  "SlotOpened",      "LibrariesChanged", "LogJoined",
    "WriteSafetyChanged", "MemberLabelled",
};
static_assert(std::size(kNames) == std::variant_size_v<Change>);

// A LogJoined without libraries. Never used again.
constexpr uint64_t kRetiredTag = 19;

template <size_t... I>
constexpr bool TagsRise(std::index_sequence<I...>) {
  return ((std::variant_alternative_t<I, Change>::kTag == I + 1 + (I + 1 >= kRetiredTag)) && ...);
}
static_assert(TagsRise(std::make_index_sequence<std::variant_size_v<Change>>()));

// Puts the alternative of `tag` into `change` and reads its fields. False if there is none.
template <size_t I = 0>
bool ReadChange(uint64_t tag, Reader& reader, Change& change) {
  if constexpr (I == std::variant_size_v<Change>) {
    return false;
  } else {
    if (std::variant_alternative_t<I, Change>::kTag != tag) {
      return ReadChange<I + 1>(tag, reader, change);
    }
    reader(change.emplace<I>());
    return true;
  }
}

}  // namespace

std::string_view ChangeName(const Change& change) { return kNames[change.index()]; }

std::string EncodeEntry(const Entry& entry) {
  Writer writer;
  writer(kEntryVersion);
  std::visit([&writer](const auto& change) { writer(change.kTag); }, entry.change);
  writer(entry.proposal);
  std::visit([&writer](const auto& change) { writer(change); }, entry.change);
  writer.PutChecksum();
  return writer.Take();
}

absl::StatusOr<Entry> DecodeEntry(std::string_view bytes) {
  constexpr char kWhat[] = "ledger entry";
  if (bytes.size() < kChecksumBytes + 2 || bytes.size() > kEntryBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(kWhat, ": ", bytes.size(), " bytes long"));
  }
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (Reader(bytes.substr(body.size())).GetFixed32() != static_cast<uint32_t>(Checksum(body))) {
    return absl::InvalidArgumentError(absl::StrCat(kWhat, ": the checksum does not match"));
  }
  Reader reader(body);
  uint8_t version = 0;
  reader(version);
  if (reader.ok() && version != kEntryVersion) {
    return absl::UnimplementedError(absl::StrCat(kWhat, ": format version ", version,
                                                 " is not known to this build, which has ",
                                                 kEntryVersion));
  }
  const uint64_t tag = reader.GetVarint();
  Entry entry;
  reader(entry.proposal);
  if (reader.ok() && tag == kRetiredTag) {
    return absl::UnimplementedError(
        absl::StrCat(kWhat, ": it was written by an older version of slotmesh (tag ", tag, ")"));
  }
  if (reader.ok() && !ReadChange(tag, reader, entry.change)) {
    return absl::UnimplementedError(
        absl::StrCat(kWhat, ": tag ", tag, " is not known to this build"));
  }
  if (absl::Status status = reader.Finish(kWhat); !status.ok()) return status;
  return entry;
}

}  // namespace slotmesh::ledger
