#include "slots/ledger/raft_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "slots/check.h"

namespace slotmesh::ledger {

absl::StatusOr<RaftLog> RaftLog::Create(SnapshotPtr snapshot, std::vector<LogEntry> entries) {
  RaftLog log;
  if (snapshot != nullptr) log.Reset(std::move(snapshot));
  if (!entries.empty() && entries.front().index <= log.snapshot_index()) {
    // Some trail before the snapshot. The term before the first is not known: one would not be
    // asked for it, but for the very first.
    log.base_ = entries.front().index - 1;
    log.base_term_ = 0;
  }
  Term term = log.base_term_;
  for (LogEntry& entry : entries) {
    if (entry.index != log.last_index() + 1 || entry.term < term) {
      return absl::InvalidArgumentError(absl::StrCat("the log's entry ", entry.index, " of term ",
                                                     entry.term, " follows entry ",
                                                     log.last_index(), " of term ", term));
    }
    term = entry.term;
    log.Append(std::move(entry));
  }
  if (log.last_index() < log.snapshot_index()) {
    return absl::InvalidArgumentError(absl::StrCat("the log ends at entry ", log.last_index(),
                                                   ", before its snapshot at ",
                                                   log.snapshot_index()));
  }
  return log;
}

std::optional<Term> RaftLog::TermAt(Index index) const {
  if (index == 0) return 0;
  if (index == snapshot_index()) return snapshot_->term;
  if (index > base_ && index <= last_index()) return entries_[index - base_ - 1].term;
  return std::nullopt;
}

const LogEntry& RaftLog::At(Index index) const {
  CHECK(index > base_ && index <= last_index());
  return entries_[index - base_ - 1];
}

std::vector<LogEntry> RaftLog::Slice(Index from, size_t bytes_max) const {
  std::vector<LogEntry> slice;
  if (from <= base_) return slice;
  size_t bytes = 0;
  for (Index index = from; index <= last_index(); ++index) {
    const LogEntry& entry = At(index);
    bytes += entry.data.size() + 32;
    if (!slice.empty() && bytes > bytes_max) break;
    slice.push_back(entry);
  }
  return slice;
}

void RaftLog::Append(LogEntry entry) {
  CHECK_EQ(entry.index, last_index() + 1);
  if (entry.kind == LogKind::kConfiguration && entry.index > snapshot_index()) {
    absl::StatusOr<Configuration> configuration = DecodeConfiguration(entry.data);
    CHECK(configuration.ok());  // Whoever reads entries from outside decodes it.
    configurations_.push_back({entry.index, *std::move(configuration)});
  }
  entries_.push_back(std::move(entry));
}

void RaftLog::Truncate(Index index) {
  CHECK_GT(index, snapshot_index());
  while (last_index() >= index && !entries_.empty()) entries_.pop_back();
  while (configurations_.size() > 1 && configurations_.back().index >= index) {
    configurations_.pop_back();
  }
}

void RaftLog::Compact(SnapshotPtr snapshot, size_t trailing) {
  CHECK(TermAt(snapshot->index) == snapshot->term);
  Held held{snapshot->index, snapshot->configuration};
  std::erase_if(configurations_, [&held](const Held& old) { return old.index <= held.index; });
  configurations_.insert(configurations_.begin(), std::move(held));
  const Index keep_from = snapshot->index > trailing ? snapshot->index - trailing : 0;
  snapshot_ = std::move(snapshot);
  while (base_ < keep_from) {
    base_term_ = entries_.front().term;
    entries_.pop_front();
    ++base_;
  }
}

void RaftLog::Reset(SnapshotPtr snapshot) {
  snapshot_ = std::move(snapshot);
  base_ = snapshot_->index;
  base_term_ = snapshot_->term;
  entries_.clear();
  configurations_ = {{snapshot_->index, snapshot_->configuration}};
}

const Configuration& RaftLog::ConfigurationAt(Index index) const {
  CHECK_GE(index, snapshot_index());
  const Held* found = &configurations_.front();
  for (const Held& held : configurations_) {
    if (held.index <= index) found = &held;
  }
  return found->configuration;
}

bool RaftLog::IsVoterSince(Index index, ServerId server) const {
  if (ConfigurationAt(index).IsVoter(server)) return true;
  return std::any_of(configurations_.begin(), configurations_.end(), [&](const Held& held) {
    return held.index > index && held.configuration.IsVoter(server);
  });
}

void RaftLog::CheckInvariants() const {
  CHECK_LE(base_, snapshot_index());
  CHECK_GE(last_index(), snapshot_index());
  CHECK(!configurations_.empty());
  Index index = base_;
  for (const LogEntry& entry : entries_) CHECK_EQ(entry.index, ++index);
}

}  // namespace slotmesh::ledger
