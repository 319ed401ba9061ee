#include "slots/ledger/ledger.h"

#include <algorithm>
#include <utility>

#include "absl/random/distributions.h"
#include "absl/strings/str_cat.h"
#include "slots/check.h"
#include "slots/ledger/ledger_impl.h"

namespace slotmesh::ledger {

Ledger::Impl::Impl(const LedgerOptions& options, const LogId& log, ServerId server, Raft raft,
                   State state, absl::Time now, absl::BitGenRef random)
    : options_(options),
      log_(log),
      server_(server),
      random_(random),
      raft_(std::move(raft)),
      state_(std::move(state)),
      map_(slots::SlotMap::Empty()),
      holder_(options.node_timeout),
      grantor_(options.node_timeout),
      next_pull_(now) {
  if (!state_.view().map.version.log.is_zero()) map_ = state_.map();
  restored_at_ = state_.view().map.version.sequence;
  last_ticket_ = options_.tickets_used;
  UpdateTerms();
}

bool Ledger::Impl::pulled_is_newer() const {
  const slots::MapVersion& pulled = pulled_.map.version;
  const slots::MapVersion& own = state_.view().map.version;
  return slots::IsNewer(pulled, own) || (own.log.is_zero() && !pulled.log.is_zero());
}

NodeId Ledger::Impl::NodeOf(ServerId server) const {
  if (server == server_) return options_.self;
  if (const Server* known = raft_.configuration().Find(server)) return known->node;
  const auto heard = nodes_.find(server);
  return heard == nodes_.end() ? NodeId() : heard->second;
}

Leadership Ledger::Impl::leadership() const {
  return {
      .term = raft_.term(), .leader = NodeOf(raft_.leader()), .settled = raft_.is_settled_leader()};
}

void Ledger::Impl::SendTo(const NodeId& to, LedgerBody body, LedgerOutput* out) const {
  if (to.is_zero() || to == options_.self) return;
  out->sends.push_back({to, EncodeLedgerMessage({log_, std::move(body)})});
}

void Ledger::Impl::Step(absl::Time now, const LedgerInput& input, LedgerOutput* out) {
  if (!status_.ok()) return;
  now_ = now;
  std::visit([&](const auto& what) { OnInput(now, what, out); }, input);
  NoticeLeadership(now, out);
  EmitAnswers(out);
}

void Ledger::Impl::OnInput(absl::Time now, const TickInput&, LedgerOutput* out) {
  RaftOutput raft_out;
  if (options_.mode == Mode::kCreate && raft_.log().last_index() == 0) {
    raft_.Bootstrap(now, options_.self, &raft_out);
  }
  raft_.Tick(now, &raft_out);
  Absorb(std::move(raft_out), out);
  TickProposals(now, out);
  TickPull(now, out);
  TickVoters(now, out);
  TickLease(now, out);
}

void Ledger::Impl::OnInput(absl::Time now, const StoredInput& input, LedgerOutput* out) {
  RaftOutput raft_out;
  raft_.Stored(now, input.id, &raft_out);
  Absorb(std::move(raft_out), out);
}

void Ledger::Impl::OnInput(absl::Time now, const PeerInput& input, LedgerOutput* out) {
  absl::StatusOr<LedgerMessage> message = DecodeLedgerMessage(input.bytes);
  if (!message.ok() || message->log != log_) {
    ++stats_.bad_messages;
    return;
  }
  std::visit([&](const auto& body) { On(now, input.from, body, out); }, message->body);
}

void Ledger::Impl::OnInput(absl::Time now, const VoterHealth& input, LedgerOutput*) {
  next_voter_step_ = now;
  alive_ = {input.alive.begin(), input.alive.end()};
  alive_.insert(options_.self);
  alive_until_ = now + 2 * options_.node_timeout;
}

void Ledger::Impl::OnInput(absl::Time now, const VersionHeard& input, LedgerOutput* out) {
  const bool same_generation = input.version.generation == view().map.version.generation;
  // The log brings it.
  if (same_generation && raft_.is_voter() && raft_.HearsLeader(now)) return;
  if (slots::IsNewer(input.version, view().map.version)) Pull(input.from, out);
}

void Ledger::Impl::Absorb(RaftOutput raft_out, LedgerOutput* out) {
  for (Persist& persist : raft_out.persists) out->persists.push_back(std::move(persist));
  for (RaftMessage& message : raft_out.sends) {
    SendTo(NodeOf(message.to), ConsensusFrame{EncodeRaftMessage(message)}, out);
  }
  if (raft_out.restored != nullptr) {
    absl::StatusOr<State> state = State::Restore(raft_out.restored->data);
    if (!state.ok()) {
      status_ = state.status();
      return;
    }
    state_ = *std::move(state);
    restored_at_ = state_.view().map.version.sequence;
  }
  for (LogEntry& entry : raft_out.committed) {
    ApplyCommitted(entry, out);
    if (!status_.ok()) return;
    out->applied.push_back(std::move(entry));
  }
  PublishMap(out);
  NoticeRemoval();
  MaybeCompact(out);
}

// A server that was removed while it was away may never get the entry that says so. It believes a
// view without it that has come at least as far as its own log: an older one may not know yet that
// it is a voter.
void Ledger::Impl::NoticeRemoval() {
  const std::vector<NodeId>& voters = pulled_.voters;
  const bool voter = std::binary_search(voters.begin(), voters.end(), options_.self);
  raft_.SetQuiet(pulled_is_newer() && !voter && pulled_index_ >= raft_.log().last_index());
}

void Ledger::Impl::ApplyCommitted(const LogEntry& entry, LedgerOutput* out) {
  switch (entry.kind) {
    case LogKind::kNoop:
      return;
    case LogKind::kConfiguration: {
      const absl::StatusOr<Configuration> configuration = DecodeConfiguration(entry.data);
      CHECK(configuration.ok());  // It was decoded when it was appended.
      VotersChanged change;
      for (const Server& voter : configuration->voters) change.voters.push_back(voter.node);
      state_.Apply({{}, std::move(change)});
      next_voter_step_ = absl::InfinitePast();  // The next one may follow at once.
      return;
    }
    case LogKind::kEntry:
      ApplyProposal(entry, out);
  }
}

void Ledger::Impl::ApplyProposal(const LogEntry& logged, LedgerOutput* out) {
  const absl::StatusOr<Entry> entry = DecodeEntry(logged.data);
  if (!entry.ok()) {
    status_ = absl::Status(entry.status().code(),
                           absl::StrCat("the ledger has stopped at log entry ", logged.index, ": ",
                                        entry.status().message()));
    return;
  }
  const ApplyResult result = state_.Apply(*entry);
  ++stats_.entries_applied;
  in_log_.erase(entry->proposal);
  NoteLeases(*entry, result);
  TellNewPrimary(*entry, result, logged.index, out);
  Answer(entry->proposal, result, out);
}

void Ledger::Impl::MaybeCompact(LedgerOutput* out) {
  if (raft_.applied_index() - raft_.log().snapshot_index() < options_.snapshot_after) return;
  RaftOutput raft_out;
  raft_.Compact(state_.Serialize(), &raft_out);
  Absorb(std::move(raft_out), out);
}

void Ledger::Impl::PublishMap(LedgerOutput* out) {
  const View& newest = view();
  if (newest.map.version.log.is_zero() || newest.map.version == map_->version()) return;
  if (!pulled_is_newer()) {
    map_ = state_.map();
  } else {
    map_ = *slots::SlotMap::Build(newest.map);  // Decoding has built it once.
  }
  out->map = map_;
  UpdateTerms();
}

void Ledger::Impl::NoticeLeadership(absl::Time now, LedgerOutput* out) {
  const Leadership present = leadership();
  if (present == told_) return;
  if (present.settled && !(told_.settled && told_.term == present.term)) {
    // Who made the log leads its first term, once: nobody granted a lease before.
    const bool first_ever = options_.mode == Mode::kCreate && present.term == 1;
    grantor_.Lead(first_ever ? absl::InfinitePast() : raft_.leader_since());
  }
  if (!present.settled) grantor_.StopLeading();
  next_ask_ = now;  // At once of the new one.
  told_ = present;
  out->leadership = present;
  if (!raft_.is_settled_leader()) in_log_.clear();
  if (!present.leader.is_zero()) leader_hint_ = present.leader;
  for (auto& [ticket, open] : open_) open.next_send = now;  // At once to the new one.
  TickProposals(now, out);
}

absl::Time Ledger::Impl::NextDeadline() const {
  absl::Time next = std::min(raft_.NextDeadline(), next_pull_);
  if (raft_.role() == Role::kLeader) next = std::min(next, next_voter_step_);
  if (holder_.terms().has_value()) next = std::min(next, next_ask_);
  for (const auto& [ticket, open] : open_) {
    next = std::min(next, open.deadline);
    if (!open.result.has_value()) next = std::min(next, open.next_send);
  }
  return next;
}

void Ledger::Impl::CheckInvariants() const {
  raft_.CheckInvariants();
  state_.CheckInvariants();
  CHECK_LE(open_.size(), kWindowSize);
  CHECK_LE(in_log_.size(), kLeaderQueueMax);
  CHECK(map_->version() == view().map.version || view().map.version.log.is_zero());
}

namespace {

// A stored log that another version of slotmesh wrote is refused whole, before this node has said
// or done anything: what the first half of a log says is not what the log says.
absl::Status CheckVersions(const absl::Status& snapshot, const std::vector<LogEntry>& entries) {
  absl::Status status = snapshot;
  for (size_t i = 0; i < entries.size() && status.ok(); ++i) {
    if (entries[i].kind == LogKind::kEntry) status = DecodeEntry(entries[i].data).status();
    if (!absl::IsUnimplemented(status)) status = snapshot;  // The log says so when it gets there.
  }
  if (!absl::IsUnimplemented(status)) return status;
  return absl::UnimplementedError(absl::StrCat(
      "the stored ledger cannot be read: ", status.message(),
      ". Start that version of slotmesh again, or form a new cluster with this one, in empty "
      "directories, and bring the data over (redis-cli --cluster import)."));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Create(const LedgerOptions& options,
                                                       ServerRecord record, absl::Time now,
                                                       absl::BitGenRef random) {
  CHECK(!options.self.is_zero() && options.boot != 0 && record.server != 0);
  absl::StatusOr<State> state = State();
  if (record.snapshot != nullptr) state = State::Restore(record.snapshot->data);
  const absl::Status readable = CheckVersions(state.status(), record.entries);
  if (!readable.ok()) return readable;
  const RaftOptions raft_options{.self = record.server,
                                 .election = options.node_timeout / 10,
                                 .heartbeat = options.node_timeout / 40};
  absl::StatusOr<Raft> raft = Raft::Create(raft_options, record.hard, std::move(record.snapshot),
                                           std::move(record.entries), now, random);
  if (!raft.ok()) return absl::DataLossError(raft.status().message());
  return absl::WrapUnique(new Ledger(std::make_unique<Impl>(
      options, record.log, record.server, *std::move(raft), *std::move(state), now, random)));
}

ServerId Ledger::NewServerId(absl::BitGenRef random) {
  return absl::Uniform<ServerId>(absl::IntervalClosedClosed, random, 1, UINT64_MAX);
}

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::~Ledger() = default;

void Ledger::Step(absl::Time now, const LedgerInput& input, LedgerOutput* out) {
  impl_->Step(now, input, out);
}
absl::StatusOr<uint64_t> Ledger::Propose(absl::Time now, const Change& change, LedgerOutput* out) {
  return impl_->Propose(now, change, out);
}
absl::Time Ledger::NextDeadline() const { return impl_->NextDeadline(); }
uint64_t Ledger::last_ticket() const { return impl_->last_ticket(); }
const View& Ledger::view() const { return impl_->view(); }
const std::shared_ptr<const slots::SlotMap>& Ledger::map() const { return impl_->map_; }
const LogId& Ledger::log() const { return impl_->log_; }
ServerId Ledger::server() const { return impl_->server_; }
bool Ledger::is_voter() const { return impl_->raft_.is_voter(); }
Leadership Ledger::leadership() const { return impl_->leadership(); }
bool Ledger::AdmitsWrites(absl::Time now) const { return impl_->holder_.Admits(now); }
absl::Time Ledger::lease_deadline() const { return impl_->holder_.deadline(); }
void Ledger::ReleaseLease(absl::Time now, LedgerOutput* out) { impl_->ReleaseLease(now, out); }
void Ledger::ReclaimLease() { impl_->holder_.Reclaim(); }
absl::Time Ledger::majority_round() const { return impl_->raft_.majority_round(); }
absl::Time Ledger::leader_since() const { return impl_->raft_.leader_since(); }
Index Ledger::applied_index() const { return impl_->raft_.applied_index(); }
const Configuration& Ledger::configuration() const { return impl_->raft_.configuration(); }
Index Ledger::MatchOf(ServerId server) const { return impl_->raft_.MatchOf(server); }
const absl::Status& Ledger::status() const { return impl_->status_; }
const LedgerStats& Ledger::stats() const { return impl_->stats_; }
void Ledger::CheckInvariants() const { impl_->CheckInvariants(); }

}  // namespace slotmesh::ledger
