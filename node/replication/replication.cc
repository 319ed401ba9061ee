#include "node/replication/replication.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "node/command/server_observer.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr uint64_t kSweptBuckets = 1 << 20;  // At a time, at the start.

constexpr int64_t kFailoverStepMillis = 5;
constexpr std::string_view kOffsetNote = "repl-offset";
constexpr std::string_view kDatabaseNote = "repl-stream-db";

std::string_view Find(const FileNotes& notes, std::string_view name) {
  for (const auto& [key, value] : notes) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

Replication::Replication(const Environment& environment)
    : env_(environment),
      replicas_({.engine = env_.engine,
                 .snapshots = env_.snapshots,
                 .log = env_.log,
                 .post = env_.post,
                 .post_after = env_.post_after,
                 .notes = [this] { return env_.data.NotesOfNow(); },
                 .synced_here = [this] { return env_.data.synced_offset(); }}),
      failover_({.engine = env_.engine,
                 .replicas = replicas_,
                 .log = env_.log,
                 .on_begin =
                     [this] {
                       replicas_.AskForAcks();
                       env_.post([this] { StepFailover(); });
                     },
                 .holds_replies =
                     [this] { return env_.holds_replies != nullptr && env_.holds_replies(); },
                 .may_take_over =
                     [this](const Failover::Target& target) {
                       return env_.may_take_over == nullptr || env_.may_take_over(target);
                     },
                 .follow =
                     [this](const Failover::Target& target) {
                       if (env_.engine.gate != nullptr) {
                         return env_.hand_over(target,
                                               [this](bool done) { failover_.OnAnswer(done); });
                       }
                       (void)FollowBySetting(target.host, target.port);
                       link_->AskToMakeWay();
                     },
                 .lead =
                     [this] {
                       if (env_.engine.gate == nullptr) FollowNobodyBySetting();
                     }}) {
  env_.settings.OnChange({"appendonly"}, [this](const Config& changed) {
    if (!changed.appendonly) replicas_.waits().EndLocal();
    return absl::OkStatus();
  });
  env_.settings.OnChange({"min-replicas-to-write", "min-replicas-max-lag"}, [this](const Config&) {
    replicas_.CountGood();
    return absl::OkStatus();
  });
}

Replication::~Replication() = default;

void Replication::SetRole(bool replica) {
  ReplicationState& state = env_.engine.replication;
  const bool changes = state.is_replica != replica;
  state.is_replica = replica;
  state.stale = replica;
  state.primary = link_ == nullptr ? "" : StrCat(link_->host(), ":", link_->port());
  env_.engine.keyspace.set_expiry_mode(replica ? ExpiryMode::kHide : ExpiryMode::kDelete);
  replicas_.SetRelaying(replica);
  if (changes) Tell(env_.engine, &ServerObserver::OnRoleChange, replica);
}

bool Replication::Follow(const std::string& host, uint16_t port) {
  if (link_ != nullptr && link_->host() == host && link_->port() == port) return false;
  env_.engine.journal.CutUnit();
  AbortLoad();
  TellLinkEnds();
  copied_ = false;
  const bool was_primary = link_ == nullptr;
  int database = was_primary ? 0 : link_->database();
  if (was_primary) {
    // The new primary may have been this one's replica, and can go on where it is.
    if (!replicas_.streaming()) replicas_.Restart(env_.engine.journal.offset());
    has_history_ = true;
    // A cluster's node learns its role after its start: if nothing has happened to what its files
    // held, it goes on from there.
    if (loaded_.has_value() && loaded_->offset == env_.engine.journal.offset()) {
      replicas_.history().id = loaded_->history;
      replicas_.history().ForgetEarlier();
      database = loaded_database_;
    }
  }
  loaded_.reset();
  ++link_number_;
  link_ = std::make_unique<PrimaryLink>(
      PrimaryLink::Environment{env_.engine, env_.dispatcher, env_.clients, env_.network, env_.log,
                               *this},
      host, port);
  link_->set_database(database);  // The stream goes on, from another node.
  SetRole(/*replica=*/true);
  if (was_primary) {
    env_.engine.blocked.EndAll([this](Client& client) {
      client.reply().Error(client.understands_redirect
                               ? StrCat("REDIRECT ", env_.engine.replication.primary)
                               : std::string(errors::kReplicaUnblocked));
    });
  }
  // They are to hear of the new history.
  replicas_.Disconnect();
  return true;
}

bool Replication::FollowBySetting(const std::string& host, uint16_t port) {
  if (!Follow(host, port)) return false;
  env_.settings.Assign("replicaof", {host, StrCat(port)});
  return true;
}

void Replication::FollowNobodyBySetting() {
  if (FollowNobody()) env_.settings.Assign("replicaof", {"no", "one"});
}

bool Replication::AskPrimaryToMakeWay() {
  if (link_ == nullptr || !link_->connected()) return false;
  link_->SendMakeWay();
  return true;
}

uint64_t Replication::copied_offset() const {
  if (link_ != nullptr && (!has_history_ || !copied_)) return 0;
  return std::max<uint64_t>(env_.engine.journal.offset(), 1);
}

void Replication::TellLinkEnds() {
  if (link_ == nullptr || !link_->connected()) return;
  Tell(env_.engine, &ServerObserver::OnPrimaryLink, false);
}

bool Replication::FollowNobody() {
  if (link_ == nullptr) return false;
  env_.engine.journal.CutUnit();
  AbortLoad();
  TellLinkEnds();
  link_.reset();
  SetRole(/*replica=*/false);
  if (!replicas_.streaming()) replicas_.Restart(env_.engine.journal.offset());
  replicas_.history().GoOnAs(Replicas::RandomId(env_.engine), env_.engine.journal.offset());
  env_.log.Notice(StrCat("Setting secondary replication ID to ", replicas_.history().earlier_id,
                         ", valid up to offset: ", replicas_.history().earlier_end + 1,
                         ". New replication ID is ", replicas_.history().id));
  replicas_.Disconnect();
  return true;
}

FileNotes Replication::Notes() const {
  if (!replicas_.streaming()) return {};
  // Who goes on from such a file would lack what is kept aside.
  if (env_.stages_moves != nullptr && env_.stages_moves()) return {};
  const int database = link_ != nullptr ? link_->database() : env_.engine.journal.stream_database();
  return {{std::string(kDatabaseNote), StrCat(database)},
          {std::string(kHistoryNote), replicas_.history().id},
          {std::string(kOffsetNote), StrCat(env_.engine.journal.offset())}};
}

void Replication::Begin(const FileNotes& notes) {
  const std::string_view id = Find(notes, kHistoryNote);
  const std::optional<int64_t> offset = ParseInt64(Find(notes, kOffsetNote));
  const Config& config = env_.engine.config;
  const bool known = id.size() == History::kIdDigits && offset.has_value() && *offset >= 0;
  History& history = replicas_.history();
  if (known) {
    replicas_.Restart(static_cast<uint64_t>(*offset));
    if (config.replicaof_host.empty()) {
      // What was written after the file is lost: another history, which replicas that are no
      // further than the file can follow.
      history.earlier_id = id;
      history.earlier_end = *offset;
      RemoveExpired();
    } else {
      history.id = id;
      has_history_ = true;
    }
  }
  if (known && env_.engine.gate != nullptr) {
    loaded_ = PrimaryLink::Place{std::string(id), static_cast<uint64_t>(*offset)};
    loaded_database_ = DatabaseOf(notes);
  }
  if (config.replicaof_host.empty()) return;
  const std::string host = config.replicaof_host;
  const bool has_history = has_history_;
  (void)Follow(host, static_cast<uint16_t>(config.replicaof_port));
  has_history_ = has_history;
  if (known) link_->set_database(DatabaseOf(notes));
}

// What had expired when the files were loaded is gone before anybody is served, and the stream says
// so: replicas that go on from the file still have it. In a cluster this node may find that it is a
// replica now.
void Replication::RemoveExpired() {
  if (env_.engine.gate != nullptr) return;
  for (int i = 0; i < env_.engine.keyspace.database_count(); ++i) {
    Database& database = env_.engine.keyspace.database(i);
    // Fields of values are left to the timer.
    bool wrapped = database.expiring() == 0;
    while (!wrapped) {
      wrapped =
          database.ExpireSome(env_.engine.now_ms, kSweptBuckets, [] { return false; }).wrapped;
    }
  }
}

// That the stream was in when the file was made; where it does not say, the stream does.
int Replication::DatabaseOf(const FileNotes& notes) const {
  const int64_t database = ParseInt64(Find(notes, kDatabaseNote)).value_or(0);
  const bool exists = database >= 0 && database < env_.engine.keyspace.database_count();
  return exists ? static_cast<int>(database) : 0;
}

std::optional<PrimaryLink::Place> Replication::WhereToGoOn() const {
  if (!has_history_) return std::nullopt;
  return PrimaryLink::Place{replicas_.history().id, env_.engine.journal.offset()};
}

void Replication::GoOn(std::string_view id) {
  History& history = replicas_.history();
  if (id.empty() || id == history.id) return;
  history.GoOnAs(std::string(id), env_.engine.journal.offset());
  env_.log.Notice(StrCat("Primary replication ID changed to ", id));
  replicas_.Disconnect();
}

// Asked for a copy again, it is the same tail.
void Replication::OnDiverged(uint64_t offset) {
  const std::pair<std::string, uint64_t> here{replicas_.history().id, env_.engine.journal.offset()};
  if (!has_history_ || here == diverged_) return;
  const DiscardedTail tail = MeasureTail(replicas_.backlog(), offset);
  if (tail.bytes == 0) return;
  diverged_ = here;
  ++discarded_.times;
  discarded_.bytes += tail.bytes;
  discarded_.commands += tail.commands;
  env_.log.Warning(StrCat("Discarding what only this node has: the new primary's history has its ",
                          "own up to offset ", offset, ", which leaves ", Describe(tail)));
}

void Replication::BeginLoad(const std::string& path, const PrimaryLink::Place& place) {
  replicas_.Disconnect();
  has_history_ = false;
  if (env_.drop_staged != nullptr) env_.drop_staged();
  loading_ = place;
  ++load_number_;
  Tell(env_.engine, &ServerObserver::OnLoading, ServerObserver::Loading::kReplication);
  const DisklessLoad mode = env_.engine.config.repl_diskless_load;
  beside_ = mode == DisklessLoad::kSwapDb;
  if (beside_) {
    Tell(env_.engine, &ServerObserver::OnAsyncLoading, ServerObserver::AsyncLoading::kStarted);
  }
  const bool empty = env_.engine.keyspace.size() == 0;
  keep_file_ = mode == DisklessLoad::kDisabled || (mode == DisklessLoad::kOnEmptyDb && !empty);
  const absl::Status begun = env_.data.BeginReplacing(path, beside_);
  if (begun.ok()) return StepLoadSoon();
  // The link does not expect an answer within its call.
  env_.post([this, begun, number = load_number_] {
    if (number == load_number_ && loading_.has_value()) EndLoad(begun);
  });
}

void Replication::StepLoadSoon() {
  env_.post([this, number = load_number_] {
    if (number == load_number_ && loading_.has_value()) StepLoad();
  });
}

void Replication::StepLoad() {
  const absl::StatusOr<bool> done = env_.data.StepReplacing();
  if (done.ok() && !*done) return StepLoadSoon();
  if (done.ok()) {
    return EndLoad(env_.data.EndReplacing(keep_file_));
  }
  env_.data.AbortReplacing();
  EndLoad(done.status());
}

void Replication::EndLoad(const absl::StatusOr<FileNotes>& notes) {
  env_.dispatcher.BeginTurn();
  const PrimaryLink::Place place = *std::exchange(loading_, std::nullopt);
  using Loading = ServerObserver::Loading;
  TellAsyncLoadEnds(notes.ok());
  Tell(env_.engine, &ServerObserver::OnLoading, notes.ok() ? Loading::kEnded : Loading::kFailed);
  if (!notes.ok()) return link_->OnLoaded(notes.status());
  replicas_.history().id = place.history;
  replicas_.history().ForgetEarlier();
  replicas_.Restart(place.offset);
  has_history_ = true;
  link_->OnLoaded(DatabaseOf(*notes));
}

absl::Status Replication::ReplaceData(const std::string& path, absl::FunctionRef<void()> between) {
  if (link_ != nullptr) return absl::FailedPreconditionError("a replica has its primary's data");
  if (access(path.c_str(), R_OK) != 0) {
    return absl::ErrnoToStatus(errno, StrCat("cannot read ", path));
  }
  Engine& engine = env_.engine;
  using Loading = ServerObserver::Loading;
  Tell(engine, &ServerObserver::OnFlush, -1, false, true);
  absl::Status status = env_.data.BeginReplacing(path, /*aside=*/false);
  Tell(engine, &ServerObserver::OnFlush, -1, false, false);
  Tell(engine, &ServerObserver::OnLoading, Loading::kRdb);
  absl::StatusOr<bool> done = false;
  while (status.ok() && done.ok() && !*done) {
    done = env_.data.StepReplacing();
    status = done.status();
    between();
  }
  if (status.ok()) {
    status = env_.data.EndReplacing(/*keep=*/false).status();
  } else {
    env_.data.AbortReplacing();
  }
  Tell(engine, &ServerObserver::OnLoading, status.ok() ? Loading::kEnded : Loading::kFailed);
  ForgetHistory();
  if (replicas_.streaming()) replicas_.Restart(engine.journal.offset());
  replicas_.Disconnect();
  return status;
}

void Replication::AbortLoad() {
  if (!loading_.has_value()) return;
  loading_.reset();
  env_.data.AbortReplacing();
  TellAsyncLoadEnds(false);
  Tell(env_.engine, &ServerObserver::OnLoading, ServerObserver::Loading::kFailed);
}

void Replication::TellAsyncLoadEnds(bool completed) {
  using AsyncLoading = ServerObserver::AsyncLoading;
  if (!std::exchange(beside_, false)) return;
  Tell(env_.engine, &ServerObserver::OnAsyncLoading,
       completed ? AsyncLoading::kCompleted : AsyncLoading::kAborted);
}

void Replication::OnLinkChanged() {
  copied_ = copied_ || link_->connected();
  env_.engine.replication.stale = !link_->connected();
}

// The link is in the midst of reading, and may go with a refusal.
void Replication::OnMakingWay(bool accepted) {
  env_.post([this, accepted] { failover_.OnAnswer(accepted); });
}

// Nobody may write, so nothing but this says when there is something to do.
void Replication::StepFailover() {
  if (failover_.state() != Failover::State::kWaitsForSync) return;
  env_.dispatcher.BeginTurn();
  replicas_.BeforeReplies();
  failover_.Tick();
  if (failover_.state() != Failover::State::kWaitsForSync || env_.post_after == nullptr) return;
  env_.post_after(std::chrono::milliseconds(kFailoverStepMillis), [this] { StepFailover(); });
}

void Replication::WakeSoon(int64_t millis) {
  if (env_.post_after == nullptr) return;
  env_.post_after(std::chrono::milliseconds(millis), [this, number = link_number_] {
    if (link_ == nullptr || number != link_number_) return;
    env_.dispatcher.BeginTurn();
    link_->Tick();
  });
}

void Replication::ForgetHistory() {
  replicas_.history().id = Replicas::RandomId(env_.engine);
  replicas_.history().ForgetEarlier();
}

void Replication::Tick() {
  if (link_ != nullptr) link_->Tick();
  replicas_.Tick();
  failover_.Tick();
}

size_t Replication::replicas_bytes() const {
  if (replicas_.count() == 0) return 0;
  const size_t kept = env_.engine.config.repl_backlog_size;
  return backlog_bytes() > kept ? backlog_bytes() - kept : 0;
}

}  // namespace slotmesh::node
