#include "slots/ledger/raft_types.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/map_codec.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kServersMax = 64;

bool IsSorted(const std::vector<Server>& list) {
  return std::adjacent_find(list.begin(), list.end(),
                            [](auto& a, auto& b) { return !(a.id < b.id); }) == list.end();
}

}  // namespace

template <typename Archive>
void Fields(Archive& a, Server& x) {
  a(x.id, x.node);
}

template <typename Archive>
void Fields(Archive& a, Configuration& x) {
  a(x.voters, x.learners);
  if constexpr (Archive::kReading) {
    if (x.voters.size() + x.learners.size() > kServersMax) a.Fail("the servers are too many");
    if (!IsSorted(x.voters) || !IsSorted(x.learners)) a.Fail("the servers are out of order");
    for (const Server& learner : x.learners) {
      if (x.IsVoter(learner.id)) a.Fail("a server is voter and learner");
    }
  }
}

template <typename Archive>
void Fields(Archive& a, LogEntry& x) {
  uint8_t kind = static_cast<uint8_t>(x.kind);
  a(x.index, x.term, kind);
  if constexpr (Archive::kReading) {
    if (kind < 1 || kind > 3) a.Fail("a log entry is of an unknown kind");
    x.kind = static_cast<LogKind>(kind);
    x.data = std::string(a.GetBlob(kEntryBytesMax));
    const bool bad_configuration =
        x.kind == LogKind::kConfiguration && !DecodeConfiguration(x.data).ok();
    if (a.ok() && bad_configuration) a.Fail("a configuration is malformed");
  } else {
    a.PutBlob(x.data);
  }
}

template <typename Archive>
void Fields(Archive& a, Snapshot& x) {
  a(x.index, x.term, x.configuration);
  if constexpr (Archive::kReading) {
    x.data = std::string(a.GetBlob(kViewBytesMax));
  } else {
    a.PutBlob(x.data);
  }
}

namespace {

template <typename T>
std::string Encode(const T& value) {
  Writer writer;
  writer(kVersion, value);
  writer.PutChecksum();
  return writer.Take();
}

template <typename T>
absl::StatusOr<T> Decode(const char* what, std::string_view bytes) {
  if (bytes.size() < 5) return absl::InvalidArgumentError(absl::StrCat(what, ": it is too short"));
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (Reader(bytes.substr(body.size())).GetFixed32() != static_cast<uint32_t>(Checksum(body))) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": the checksum does not match"));
  }
  Reader reader(body);
  uint8_t version = 0;
  reader(version);
  if (version != kVersion) {
    return absl::UnimplementedError(
        absl::StrCat(what, ": format version ", version, " is not known to this build"));
  }
  T value{};
  reader(value);
  if (absl::Status status = reader.Finish(what); !status.ok()) return status;
  return value;
}

void CheckEntries(Reader& reader, const RaftMessage& message) {
  Index index = message.index;
  Term term = message.log_term;
  for (const LogEntry& entry : message.entries) {
    if (entry.index != ++index || entry.term < term || entry.term > message.term) {
      return reader.Fail("the log entries are out of order");
    }
    term = entry.term;
  }
}

}  // namespace

template <typename Archive>
void Fields(Archive& a, RaftMessage& x) {
  uint8_t type = static_cast<uint8_t>(x.type);
  a(type, x.from, x.to, x.term, x.index, x.log_term, x.commit, x.hint, x.round, x.ok, x.pre,
    x.entries);
  if constexpr (Archive::kReading) {
    if (type < 1 || type > 5) a.Fail("its type is unknown");
    x.type = static_cast<RaftMessage::Type>(type);
    if (x.from == 0 || x.to == 0) a.Fail("it is from or to nobody");
    CheckEntries(a, x);
    if (x.type == RaftMessage::Type::kSnapshot) {
      Snapshot snapshot;
      Fields(a, snapshot);
      x.snapshot = std::make_shared<const Snapshot>(std::move(snapshot));
    }
  } else if (x.snapshot != nullptr) {
    a(*x.snapshot);
  }
}

bool Configuration::IsVoter(ServerId id) const {
  return std::any_of(voters.begin(), voters.end(), [id](const Server& s) { return s.id == id; });
}

const Server* Configuration::Find(ServerId id) const {
  for (const std::vector<Server>* list : {&voters, &learners}) {
    for (const Server& server : *list) {
      if (server.id == id) return &server;
    }
  }
  return nullptr;
}

std::string EncodeConfiguration(const Configuration& configuration) {
  return Encode(configuration);
}
absl::StatusOr<Configuration> DecodeConfiguration(std::string_view bytes) {
  return Decode<Configuration>("configuration", bytes);
}
std::string EncodeLogEntry(const LogEntry& entry) { return Encode(entry); }
absl::StatusOr<LogEntry> DecodeLogEntry(std::string_view bytes) {
  return Decode<LogEntry>("log entry", bytes);
}
std::string EncodeSnapshot(const Snapshot& snapshot) { return Encode(snapshot); }
absl::StatusOr<Snapshot> DecodeSnapshot(std::string_view bytes) {
  return Decode<Snapshot>("snapshot", bytes);
}
std::string EncodeRaftMessage(const RaftMessage& message) { return Encode(message); }
absl::StatusOr<RaftMessage> DecodeRaftMessage(std::string_view bytes) {
  return Decode<RaftMessage>("consensus message", bytes);
}

}  // namespace slotmesh::ledger
