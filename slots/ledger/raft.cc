#include "slots/ledger/raft.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "slots/check.h"

namespace slotmesh::ledger {

absl::StatusOr<Raft> Raft::Create(const RaftOptions& options, const HardState& hard,
                                  SnapshotPtr snapshot, std::vector<LogEntry> entries,
                                  absl::Time now, absl::BitGenRef random) {
  absl::StatusOr<RaftLog> log = RaftLog::Create(std::move(snapshot), std::move(entries));
  if (!log.ok()) return log.status();
  if (log->last_term() > hard.term) {
    return absl::InvalidArgumentError("the log's last term is after the server's own");
  }
  return Raft(options, hard, *std::move(log), now, random);
}

Raft::Raft(const RaftOptions& options, const HardState& hard, RaftLog log, absl::Time now,
           absl::BitGenRef random)
    : options_(options),
      random_(random),
      hard_(hard),
      written_(hard),
      log_(std::move(log)),
      commit_(log_.snapshot_index()),
      applied_(commit_),
      stable_(log_.last_index()) {
  CHECK_NE(options.self, 0);
  // A lone voter need not wait for anybody.
  if (is_voter() && configuration().voters.size() == 1) {
    election_deadline_ = now;
  } else {
    ResetElectionDeadline(now);
  }
}

RaftMessage Raft::Make(RaftMessage::Type type, ServerId to) const {
  RaftMessage message;
  message.type = type;
  message.from = options_.self;
  message.to = to;
  message.term = hard_.term;
  return message;
}

void Raft::Send(RaftMessage message, bool after_writing) {
  outbox_.push_back({after_writing ? 1u : 0u, std::move(message)});
}

std::vector<Server> Raft::Peers() const {
  std::vector<Server> peers;
  for (const std::vector<Server>* list : {&configuration().voters, &configuration().learners}) {
    std::copy_if(list->begin(), list->end(), std::back_inserter(peers),
                 [this](const Server& server) { return server.id != options_.self; });
  }
  return peers;
}

void Raft::Tick(absl::Time now, RaftOutput* out) {
  if (role_ == Role::kLeader) {
    CheckMajority(now);
    if (role_ == Role::kLeader && now >= next_heartbeat_) Broadcast(now);
  } else if (now >= election_deadline_ && may_stand() && !quiet_) {
    StartPreVote(now);
  }
  Flush(out);
}

absl::Time Raft::NextDeadline() const {
  if (role_ == Role::kLeader) return next_heartbeat_;
  return may_stand() && !quiet_ ? election_deadline_ : absl::InfiniteFuture();
}

// False if the message is of the past or otherwise not for now.
bool Raft::OnTerm(absl::Time now, const RaftMessage& message) {
  using Type = RaftMessage::Type;
  if (message.type == Type::kVote) return true;  // Looks at the term itself.
  const bool from_leader = message.type == Type::kAppend || message.type == Type::kSnapshot;
  if (message.term < hard_.term) {
    if (!from_leader) return false;
    RaftMessage reply = Make(Type::kAppendReply, message.from);  // So that it steps down.
    Send(std::move(reply), /*after_writing=*/true);
    return false;
  }
  const bool would_vote = message.type == Type::kVoteReply && message.pre && message.ok;
  if (message.term > hard_.term && !would_vote) {
    BecomeFollower(now, message.term, from_leader ? message.from : 0);
  }
  return true;
}

void Raft::Receive(absl::Time now, const RaftMessage& message, RaftOutput* out) {
  using Type = RaftMessage::Type;
  if (message.to != options_.self || message.from == options_.self) {
    ++stats_.bad_messages;
    return;
  }
  if (OnTerm(now, message)) {
    switch (message.type) {
      case Type::kAppend:
        OnAppend(now, message);
        break;
      case Type::kAppendReply:
        OnAppendReply(now, message);
        break;
      case Type::kVote:
        OnVote(now, message);
        break;
      case Type::kVoteReply:
        OnVoteReply(now, message);
        break;
      case Type::kSnapshot:
        OnSnapshot(now, message);
        break;
    }
  }
  Flush(out);
}

void Raft::TakeEntries(const RaftMessage& message) {
  for (const LogEntry& entry : message.entries) {
    if (entry.index <= commit_) continue;  // As the leader's, or it would not be the leader.
    const std::optional<Term> term = log_.TermAt(entry.index);
    if (term == entry.term) continue;
    if (term.has_value()) {
      log_.Truncate(entry.index);
      const Index kept = entry.index - 1;
      stable_ = std::min(stable_, kept);
      for (Writing& writing : writing_) writing.last = std::min(writing.last, kept);
      if (unwritten_from_ > kept) unwritten_from_ = 0;
    }
    if (unwritten_from_ == 0) unwritten_from_ = entry.index;
    log_.Append(entry);
  }
}

void Raft::OnAppend(absl::Time now, const RaftMessage& message) {
  if (role_ == Role::kLeader) {  // Two leaders in one term: somebody is broken.
    ++stats_.bad_messages;
    return;
  }
  BecomeFollower(now, message.term, message.from);
  heard_leader_ = now;
  ResetElectionDeadline(now);
  RaftMessage reply = Make(RaftMessage::Type::kAppendReply, message.from);
  reply.round = message.round;
  reply.index = message.index;
  const std::optional<Term> term = log_.TermAt(message.index);
  if (message.index > commit_ && term != message.log_term) {
    // Back to before the term that does not fit, or to the end of the log.
    Index hint = std::min(message.index, log_.last_index());
    if (term.has_value()) {
      hint = message.index - 1;
      while (hint > commit_ && log_.TermAt(hint) == term) --hint;
    }
    reply.hint = hint;
    return Send(std::move(reply), /*after_writing=*/true);
  }
  TakeEntries(message);
  const Index agreed = message.index + message.entries.size();
  commit_ = std::max(commit_, std::min(message.commit, agreed));
  reply.ok = true;
  reply.index = std::max(agreed, commit_);
  Send(std::move(reply), /*after_writing=*/true);
}

void Raft::OnSnapshot(absl::Time now, const RaftMessage& message) {
  if (role_ == Role::kLeader || message.snapshot == nullptr) {
    ++stats_.bad_messages;
    return;
  }
  BecomeFollower(now, message.term, message.from);
  heard_leader_ = now;
  ResetElectionDeadline(now);
  const Snapshot& snapshot = *message.snapshot;
  if (snapshot.index > commit_) {
    if (log_.TermAt(snapshot.index) == snapshot.term) {
      commit_ = snapshot.index;  // It is all here; what follows may have been promised already.
    } else {
      log_.Reset(message.snapshot);
      commit_ = applied_ = snapshot.index;
      restored_ = unwritten_snapshot_ = message.snapshot;
      unwritten_from_ = 0;
      stable_ = 0;
      for (Writing& writing : writing_) writing.last = 0;
    }
  }
  RaftMessage reply = Make(RaftMessage::Type::kAppendReply, message.from);
  reply.round = message.round;
  reply.ok = true;
  reply.index = commit_;
  Send(std::move(reply), /*after_writing=*/true);
}

void Raft::OnAppendReply(absl::Time now, const RaftMessage& message) {
  const auto found = progress_.find(message.from);
  if (role_ != Role::kLeader || found == progress_.end()) return;
  Progress& progress = found->second;
  if (message.round > round_ || (message.ok && message.index > log_.last_index())) {
    ++stats_.bad_messages;
    return;
  }
  progress.round = std::max(progress.round, message.round);
  UpdateRounds();
  const Server* server = configuration().Find(message.from);
  if (server == nullptr) return;
  if (message.ok) {
    const bool news = message.index > progress.match;
    if (news) progress.snapshot_resend = absl::InfinitePast();
    progress.match = std::max(progress.match, message.index);
    progress.next = std::max(progress.next, progress.match + 1);
    if (progress.next <= log_.last_index()) SendAppend(now, *server);
    if (news) AdvanceCommit(now);  // Last: it may end the leading.
    return;
  }
  const Index next = std::min(message.index, message.hint + 1);
  // Said before and answered, or of before it had what it has now. (A server that has lost what it
  // acknowledged says so, too: it is not to be argued with at the speed of the network.)
  if (next >= progress.next || next <= progress.match) return;
  progress.next = next;
  SendAppend(now, *server);
}

void Raft::SendAppend(absl::Time now, const Server& to) {
  Progress& progress = progress_[to.id];
  const std::optional<Term> before = log_.TermAt(progress.next - 1);
  if (!before.has_value() || progress.next < log_.first_index()) {
    if (now >= progress.snapshot_resend) {
      progress.snapshot_resend = now + 4 * options_.election;
      RaftMessage message = Make(RaftMessage::Type::kSnapshot, to.id);
      message.snapshot = log_.snapshot();
      message.round = round_;
      return Send(std::move(message), /*after_writing=*/false);
    }
    // Only to say that we are here: the log's very beginning always fits.
    RaftMessage message = Make(RaftMessage::Type::kAppend, to.id);
    message.round = round_;
    return Send(std::move(message), /*after_writing=*/false);
  }
  RaftMessage message = Make(RaftMessage::Type::kAppend, to.id);
  message.index = progress.next - 1;
  message.log_term = *before;
  message.commit = commit_;
  message.round = round_;
  if (progress.next - progress.match <= kInFlightMax) {
    message.entries = log_.Slice(progress.next, kAppendBytesMax);
    progress.next += message.entries.size();
  }
  Send(std::move(message), /*after_writing=*/false);
}

void Raft::Broadcast(absl::Time now) {
  next_heartbeat_ = now + options_.heartbeat;
  ++round_;
  rounds_.push_back(now);
  if (rounds_.size() > kRoundsMax) rounds_.pop_front();
  for (const Server& peer : Peers()) SendAppend(now, peer);
  UpdateRounds();
}

void Raft::UpdateRounds() {
  std::vector<uint64_t> answered;
  for (const Server& voter : configuration().voters) {
    const auto found = progress_.find(voter.id);
    answered.push_back(voter.id == options_.self  ? round_
                       : found != progress_.end() ? found->second.round
                                                  : 0);
  }
  if (answered.empty()) return;
  const size_t majority = configuration().majority();
  std::sort(answered.begin(), answered.end(), std::greater<>());
  const uint64_t round = answered[majority - 1];
  const uint64_t oldest = round_ + 1 - rounds_.size();
  if (round < oldest || round > round_) return;
  majority_round_ = std::max(majority_round_, rounds_[round - oldest]);
}

absl::Time Raft::majority_round() const {
  return role_ == Role::kLeader ? majority_round_ : absl::InfinitePast();
}

void Raft::AppendOwn(LogKind kind, std::string data) {
  const Index index = log_.last_index() + 1;
  if (unwritten_from_ == 0) unwritten_from_ = index;
  log_.Append({.index = index, .term = hard_.term, .kind = kind, .data = std::move(data)});
}

Index Raft::Propose(absl::Time now, std::string entry, RaftOutput* out) {
  if (role_ != Role::kLeader) return 0;
  AppendOwn(LogKind::kEntry, std::move(entry));
  const Index index = log_.last_index();
  Broadcast(now);
  Flush(out);
  return index;
}

bool Raft::may_stand() const { return log_.IsVoterSince(commit_, options_.self); }

bool Raft::is_settled_leader() const {
  return role_ == Role::kLeader && log_.TermAt(commit_) == hard_.term;
}

bool Raft::can_change_configuration() const {
  return is_settled_leader() && log_.configuration_index() <= commit_;
}

bool Raft::ProposeConfiguration(absl::Time now, const Configuration& next, RaftOutput* out) {
  if (!can_change_configuration() || next.voters.empty()) return false;
  std::vector<Server> changed;
  const std::vector<Server>& old = configuration().voters;
  std::set_symmetric_difference(old.begin(), old.end(), next.voters.begin(), next.voters.end(),
                                std::back_inserter(changed));
  if (changed.size() > 1) return false;
  AppendOwn(LogKind::kConfiguration, EncodeConfiguration(next));
  std::erase_if(progress_, [this](auto& p) { return configuration().Find(p.first) == nullptr; });
  for (const Server& peer : Peers()) {
    if (progress_.count(peer.id) == 0) progress_[peer.id].next = log_.last_index() + 1;
  }
  Broadcast(now);
  Flush(out);
  return true;
}

void Raft::Bootstrap(absl::Time now, const NodeId& node, RaftOutput* out) {
  CHECK_EQ(log_.last_index(), 0);
  hard_ = {.term = 1, .vote = options_.self};
  Configuration alone;
  alone.voters = {{options_.self, node}};
  AppendOwn(LogKind::kConfiguration, EncodeConfiguration(alone));
  BecomeLeader(now);
  Flush(out);
}

void Raft::AdvanceCommit(absl::Time now) {
  if (role_ != Role::kLeader || configuration().voters.empty()) return;
  std::vector<Index> matches;
  for (const Server& voter : configuration().voters) {
    matches.push_back(voter.id == options_.self ? stable_ : MatchOf(voter.id));
  }
  std::sort(matches.begin(), matches.end(), std::greater<>());
  const Index agreed = matches[configuration().majority() - 1];
  // What earlier terms left is committed only together with an entry of this one (Ongaro 3.6.2).
  if (agreed <= commit_ || log_.TermAt(agreed) != hard_.term) return;
  commit_ = agreed;
  const bool removed = log_.configuration_index() <= commit_ && !is_voter();
  Broadcast(now);
  if (removed) BecomeFollower(now, hard_.term, 0);
}

Index Raft::MatchOf(ServerId server) const {
  const auto found = progress_.find(server);
  return found == progress_.end() ? 0 : found->second.match;
}

void Raft::Stored(absl::Time now, uint64_t id, RaftOutput* out) {
  CHECK_LE(id, persist_issued_);
  persist_done_ = std::max(persist_done_, id);
  while (!writing_.empty() && writing_.front().id <= id) {
    stable_ = std::max(stable_, writing_.front().last);
    writing_.pop_front();
  }
  AdvanceCommit(now);
  Flush(out);
}

void Raft::Compact(std::string state, RaftOutput* out) {
  if (applied_ <= log_.snapshot_index()) return;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->index = applied_;
  snapshot->term = *log_.TermAt(applied_);
  snapshot->configuration = log_.ConfigurationAt(applied_);
  snapshot->data = std::move(state);
  log_.Compact(snapshot, kTrailingEntries);
  unwritten_snapshot_ = log_.snapshot();
  Flush(out);
}

void Raft::Flush(RaftOutput* out) {
  if (unwritten_snapshot_ != nullptr || unwritten_from_ != 0 || !(hard_ == written_)) {
    Persist persist;
    persist.id = ++persist_issued_;
    persist.hard = written_ = hard_;
    persist.snapshot = std::exchange(unwritten_snapshot_, nullptr);
    if (persist.snapshot != nullptr) {
      persist.entries = log_.All();
    } else if (unwritten_from_ != 0) {
      persist.entries = log_.Slice(unwritten_from_, SIZE_MAX);
    }
    unwritten_from_ = 0;
    writing_.push_back({persist.id, log_.last_index()});
    out->persists.push_back(std::move(persist));
  }
  for (Held& held : outbox_) {
    if (held.needs != 0) held.needs = persist_issued_;
    held_.push_back(std::move(held));
  }
  outbox_.clear();
  std::deque<Held> waiting;
  for (Held& held : held_) {
    if (held.needs <= persist_done_) {
      out->sends.push_back(std::move(held.message));
    } else {
      waiting.push_back(std::move(held));
    }
  }
  held_ = std::move(waiting);
  for (; held_.size() > kHeldMax; held_.pop_front()) ++stats_.held_dropped;
  if (restored_ != nullptr) {
    out->restored = std::exchange(restored_, nullptr);
    out->committed.clear();
  }
  for (; applied_ < commit_; ++applied_) out->committed.push_back(log_.At(applied_ + 1));
}

void Raft::CheckInvariants() const {
  log_.CheckInvariants();
  CHECK_LE(applied_, commit_);
  CHECK_LE(commit_, log_.last_index());
  CHECK_LE(stable_, log_.last_index());
  CHECK_LE(persist_done_, persist_issued_);
  CHECK_LE(rounds_.size(), kRoundsMax);
  CHECK(role_ != Role::kLeader || hard_.vote == options_.self);
  CHECK(log_.last_term() <= hard_.term);
}

}  // namespace slotmesh::ledger
