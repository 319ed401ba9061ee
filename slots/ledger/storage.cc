#include "slots/ledger/storage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "slots/check.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

constexpr char kMeta[] = "meta";
constexpr char kMetaNew[] = "meta.new";
constexpr char kDiscarded[] = "discarded";
constexpr uint64_t kMetaMagic = 0x3154454d4d4c53;     // "SLMMET1", little-endian.
constexpr uint64_t kSegmentMagic = 0x3147455347534c;  // "LSGSEG1", little-endian.
constexpr size_t kHeadBytes = 20;
constexpr size_t kBatchHeadBytes = 24;
// Zeros at the end of a batch that mean "never written": an entry's encoding ends in a checksum.
constexpr size_t kUnwrittenZeros = 16;

std::string SegmentName(uint64_t number) { return absl::StrFormat("segment-%016x", number); }
std::string SnapshotName(uint64_t number) { return absl::StrFormat("snapshot-%016x", number); }

bool IsOurs(const std::string& name) {
  return name == kMeta || name == kMetaNew || name == kDiscarded ||
         absl::StartsWith(name, "segment-") || absl::StartsWith(name, "snapshot-");
}

bool AllZeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

std::string SegmentHead(uint64_t number) {
  Writer writer;
  writer.PutFixed64(kSegmentMagic);
  writer.PutFixed64(number);
  writer.PutChecksum();
  return writer.Take();
}

std::string Batch(uint64_t place, const Persist& persist) {
  Writer payload;
  payload(persist.hard.term, persist.hard.vote);
  payload.PutVarint(persist.entries.size());
  for (const LogEntry& entry : persist.entries) payload.PutBlob(EncodeLogEntry(entry));
  Writer head;
  head.PutFixed32(static_cast<uint32_t>(payload.bytes().size()));
  head.PutFixed64(place);
  head.PutFixed64(Checksum(payload.bytes()));
  head.PutChecksum();
  return head.Take() + payload.bytes();
}

}  // namespace

absl::Status FileStorage::Corrupt(const std::string& name, uint64_t offset,
                                  const std::string& what) const {
  return absl::DataLossError(absl::StrCat(
      disk_.name(), "/", name, " at offset ", offset, ": ", what,
      ". Restore the folder from a copy of this very server; or, if that is lost, remove the "
      "folder "
      "and start again: the node comes back as a new server and takes the log from the others."));
}

absl::Status FileStorage::Poison(absl::Status status) {
  if (!status.ok()) broken_ = status;
  return status;
}

absl::StatusOr<StoredLog> FileStorage::Load() {
  absl::StatusOr<std::vector<std::string>> names = disk_.List();
  if (!names.ok()) return names.status();
  if (std::count(names->begin(), names->end(), kMeta) == 0) return LoadWithoutMeta(*names);
  if (absl::Status status = ReadMeta(); !status.ok()) return status;
  StoredLog log;
  log.server = meta_.server;
  log.log = meta_.log;
  if (absl::Status status = ReadSnapshot(&log); !status.ok()) return status;
  if (absl::Status status = ReadSegment(&log); !status.ok()) return status;
  if (absl::Status status = RemoveOthers(); !status.ok()) return status;
  return log;
}

// Nothing is here, or what a crash left of Initialize or Discard; else the meta file was lost.
absl::StatusOr<StoredLog> FileStorage::LoadWithoutMeta(const std::vector<std::string>& names) {
  const bool discarded = std::count(names.begin(), names.end(), kDiscarded) > 0;
  for (const std::string& name : names) {
    if (discarded || !IsOurs(name) || name == kMetaNew) continue;
    absl::StatusOr<std::string> bytes = disk_.Read(name);
    if (!bytes.ok()) return bytes.status();
    if (name == SegmentName(1) && bytes->size() <= kHeadBytes) continue;
    return Corrupt(kMeta, 0, absl::StrCat("the file is missing, but ", name, " is there"));
  }
  meta_ = {};
  if (absl::Status status = RemoveOthers(); !status.ok()) return status;
  return StoredLog{};
}

absl::Status FileStorage::ReadMeta() {
  absl::StatusOr<std::string> bytes = disk_.Read(kMeta);
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() < 12) return Corrupt(kMeta, 0, "the file is too short");
  const std::string_view body = std::string_view(*bytes).substr(0, bytes->size() - 4);
  Reader check(std::string_view(*bytes).substr(body.size()));
  if (check.GetFixed32() != static_cast<uint32_t>(Checksum(body))) {
    return Corrupt(kMeta, 0, "the checksum does not match");
  }
  Reader reader(body);
  if (reader.GetFixed64() != kMetaMagic) return Corrupt(kMeta, 0, "the format is not known");
  reader(meta_);
  const absl::Status status = reader.Finish("content");
  if (!status.ok()) return Corrupt(kMeta, 8, std::string(status.message()));
  if (meta_.server == 0 || meta_.segment == 0) return Corrupt(kMeta, 8, "it names no server");
  return absl::OkStatus();
}

absl::Status FileStorage::ReadSnapshot(StoredLog* log) {
  if (!meta_.snapshot) return absl::OkStatus();
  const std::string name = SnapshotName(meta_.segment);
  absl::StatusOr<std::string> bytes = disk_.Read(name);
  if (absl::IsNotFound(bytes.status())) return Corrupt(name, 0, "the file is missing");
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Snapshot> snapshot = DecodeSnapshot(*bytes);
  if (!snapshot.ok()) return Corrupt(name, 0, std::string(snapshot.status().message()));
  log->snapshot = std::make_shared<const Snapshot>(*std::move(snapshot));
  return absl::OkStatus();
}

absl::Status FileStorage::ReadSegment(StoredLog* log) {
  const std::string name = SegmentName(meta_.segment);
  absl::StatusOr<std::string> file = disk_.Read(name);
  if (absl::IsNotFound(file.status())) return Corrupt(name, 0, "the file is missing");
  if (!file.ok()) return file.status();
  const std::string_view bytes = *file;
  if (bytes.substr(0, kHeadBytes) != SegmentHead(meta_.segment)) {
    return Corrupt(name, 0, "the file's head is damaged");
  }
  batches_ = 0;
  for (uint64_t offset = kHeadBytes; offset < bytes.size();) {
    const std::string_view rest = bytes.substr(offset);
    if (rest.size() < kBatchHeadBytes || AllZeros(rest)) return CutTail(offset, rest.size(), log);
    Reader head(rest.substr(0, kBatchHeadBytes));
    const uint32_t length = head.GetFixed32();
    const uint64_t place = head.GetFixed64();
    const uint64_t checksum = head.GetFixed64();
    if (head.GetFixed32() != static_cast<uint32_t>(Checksum(rest.substr(0, 20)))) {
      return Corrupt(name, offset, "a batch's head is damaged");
    }
    if (place != batches_ + 1) {
      return Corrupt(name, offset, absl::StrCat("batch ", place, " follows batch ", batches_));
    }
    if (rest.size() - kBatchHeadBytes < length) return CutTail(offset, rest.size(), log);
    const std::string_view payload = rest.substr(kBatchHeadBytes, length);
    if (Checksum(payload) != checksum) {
      const bool last = rest.size() == kBatchHeadBytes + length;
      const std::string_view end =
          payload.substr(length - std::min<size_t>(length, kUnwrittenZeros));
      if (last && AllZeros(end)) return CutTail(offset, rest.size(), log);
      return Corrupt(name, offset, "a batch is damaged");
    }
    if (absl::Status status = ReadBatch(std::string(payload), offset, log); !status.ok()) {
      return status;
    }
    ++batches_;
    offset += kBatchHeadBytes + length;
  }
  return absl::OkStatus();
}

absl::Status FileStorage::ReadBatch(const std::string& payload, uint64_t offset, StoredLog* log) {
  const std::string name = SegmentName(meta_.segment);
  Reader reader(payload);
  reader(log->hard.term, log->hard.vote);
  const uint64_t count = reader.GetVarint();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    absl::StatusOr<LogEntry> entry = DecodeLogEntry(reader.GetBlob(2 * kEntryBytesMax));
    if (!reader.ok()) break;
    if (!entry.ok()) return Corrupt(name, offset, std::string(entry.status().message()));
    while (!log->entries.empty() && log->entries.back().index >= entry->index) {
      log->entries.pop_back();
    }
    const bool gap = !log->entries.empty() && log->entries.back().index + 1 != entry->index;
    if (gap) return Corrupt(name, offset, absl::StrCat("entry ", entry->index, " follows a gap"));
    log->entries.push_back(*std::move(entry));
  }
  const absl::Status status = reader.Finish("batch");
  return status.ok() ? status : Corrupt(name, offset, std::string(status.message()));
}

absl::Status FileStorage::CutTail(uint64_t offset, uint64_t size, StoredLog* log) {
  const std::string name = SegmentName(meta_.segment);
  log->notes.push_back(absl::StrCat(disk_.name(), "/", name, ": cut off ", size,
                                    " bytes from offset ", offset,
                                    " on, a write that a crash left unfinished; nothing in it had "
                                    "been reported as stored"));
  if (absl::Status status = disk_.Truncate(name, offset); !status.ok()) return status;
  return disk_.Fsync(name);
}

// Removes what a crash left over.
absl::Status FileStorage::RemoveOthers() {
  absl::StatusOr<std::vector<std::string>> names = disk_.List();
  if (!names.ok()) return names.status();
  bool removed = false;
  // "discarded" goes last: as long as it is there, the rest counts for nothing.
  std::stable_partition(names->begin(), names->end(),
                        [](const std::string& name) { return name != kDiscarded; });
  for (const std::string& name : *names) {
    const bool counts =
        meta_.server != 0 && (name == kMeta || name == SegmentName(meta_.segment) ||
                              (meta_.snapshot && name == SnapshotName(meta_.segment)));
    if (counts || !IsOurs(name)) continue;
    if (name == kDiscarded && removed) {
      if (absl::Status status = disk_.SyncDir(); !status.ok()) return status;
    }
    if (absl::Status status = disk_.Remove(name); !status.ok()) return status;
    removed = true;
  }
  return removed ? disk_.SyncDir() : absl::OkStatus();
}

absl::Status FileStorage::WriteNew(const std::string& name, const std::string& bytes) {
  if (absl::Status status = disk_.Append(name, bytes); !status.ok()) return status;
  return disk_.Fsync(name);
}

absl::Status FileStorage::WriteMeta(const Meta& meta) {
  Writer writer;
  writer.PutFixed64(kMetaMagic);
  writer(meta);
  writer.PutChecksum();
  if (absl::Status status = WriteNew(kMetaNew, writer.bytes()); !status.ok()) return status;
  if (absl::Status status = disk_.Rename(kMetaNew, kMeta); !status.ok()) return status;
  return disk_.SyncDir();
}

absl::Status FileStorage::Initialize(ServerId server, const slots::LogId& log) {
  CHECK(meta_.server == 0 && server != 0);
  const Meta meta{.server = server, .log = log, .segment = 1};
  absl::Status status = WriteNew(SegmentName(1), SegmentHead(1));
  if (status.ok()) status = disk_.SyncDir();
  if (status.ok()) status = WriteMeta(meta);
  if (!status.ok()) return Poison(status);
  meta_ = meta;
  batches_ = 0;
  return absl::OkStatus();
}

absl::Status FileStorage::WriteSnapshot(ServerId server, const Persist& persist) {
  Meta next = meta_;
  next.server = server;
  ++next.segment;
  next.snapshot = true;
  const std::string segment = SegmentHead(next.segment) + Batch(1, persist);
  absl::Status status = WriteNew(SnapshotName(next.segment), EncodeSnapshot(*persist.snapshot));
  if (status.ok()) status = WriteNew(SegmentName(next.segment), segment);
  if (status.ok()) status = disk_.SyncDir();
  if (status.ok()) status = WriteMeta(next);
  if (!status.ok()) return status;
  meta_ = next;
  batches_ = 1;
  return RemoveOthers();
}

absl::Status FileStorage::Write(const Persist& persist) {
  CHECK_NE(meta_.server, 0);
  if (!broken_.ok()) return broken_;
  if (persist.snapshot != nullptr) return Poison(WriteSnapshot(meta_.server, persist));
  const std::string name = SegmentName(meta_.segment);
  absl::Status status = disk_.Append(name, Batch(batches_ + 1, persist));
  if (status.ok()) status = disk_.Fsync(name);
  if (!status.ok()) return Poison(status);
  ++batches_;
  return absl::OkStatus();
}

absl::Status FileStorage::Replace(ServerId server, const Persist& persist) {
  CHECK(meta_.server != 0 && server != 0 && persist.snapshot != nullptr);
  if (!broken_.ok()) return broken_;
  return Poison(WriteSnapshot(server, persist));
}

absl::Status FileStorage::Discard() {
  if (meta_.server == 0) return absl::OkStatus();
  absl::Status status = disk_.Rename(kMeta, kDiscarded);
  if (status.ok()) status = disk_.SyncDir();
  meta_ = {};
  broken_ = absl::OkStatus();
  if (status.ok()) status = RemoveOthers();
  return Poison(status);
}

}  // namespace slotmesh::ledger
