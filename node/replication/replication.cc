#include "node/replication/replication.h"

#include <algorithm>
#include <utility>

#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kOffsetNote = "repl-offset";
constexpr std::string_view kDatabaseNote = "repl-stream-db";
constexpr size_t kIdDigits = 40;

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
                 .notes = [this] { return env_.data.NotesOfNow(); },
                 .synced_here = [this] { return env_.data.synced_offset(); }}) {}

Replication::~Replication() = default;

void Replication::SetRole(bool replica) {
  ReplicationState& state = env_.engine.replication;
  state.is_replica = replica;
  state.stale = replica;
  state.primary = link_ == nullptr ? "" : StrCat(link_->host(), ":", link_->port());
  env_.engine.keyspace.set_expiry_mode(replica ? ExpiryMode::kHide : ExpiryMode::kDelete);
  replicas_.SetRelaying(replica);
}

bool Replication::Follow(const std::string& host, uint16_t port) {
  if (link_ != nullptr && link_->host() == host && link_->port() == port) return false;
  env_.engine.journal.CutUnit();
  const bool was_primary = link_ == nullptr;
  if (was_primary) {
    // The new primary may have been this one's replica, and can go on where it is.
    if (!replicas_.streaming()) replicas_.Restart(env_.engine.journal.offset());
    has_history_ = true;
    env_.engine.blocked.EndAll(errors::kReplicaUnblocked);
  }
  link_ = std::make_unique<PrimaryLink>(
      PrimaryLink::Environment{env_.engine, env_.dispatcher, env_.clients, env_.network, env_.log,
                               *this},
      host, port);
  SetRole(/*replica=*/true);
  // They are to hear of the new history.
  replicas_.Disconnect();
  env_.settings.Assign("replicaof", {host, StrCat(port)});
  return true;
}

bool Replication::FollowNobody() {
  if (link_ == nullptr) return false;
  env_.engine.journal.CutUnit();
  link_.reset();
  SetRole(/*replica=*/false);
  if (!replicas_.streaming()) replicas_.Restart(env_.engine.journal.offset());
  replicas_.history().GoOnAs(Replicas::RandomId(env_.engine), env_.engine.journal.offset());
  env_.log.Notice(StrCat("Setting secondary replication ID to ", replicas_.history().earlier_id,
                         ", valid up to offset: ", replicas_.history().earlier_end + 1,
                         ". New replication ID is ", replicas_.history().id));
  replicas_.Disconnect();
  env_.settings.Assign("replicaof", {"no", "one"});
  return true;
}

FileNotes Replication::Notes() const {
  if (!replicas_.streaming()) return {};
  const int database = link_ != nullptr ? link_->database() : env_.engine.journal.stream_database();
  return {{std::string(kDatabaseNote), StrCat(database)},
          {std::string(kHistoryNote), replicas_.history().id},
          {std::string(kOffsetNote), StrCat(env_.engine.journal.offset())}};
}

void Replication::Begin(const FileNotes& notes) {
  const std::string_view id = Find(notes, kHistoryNote);
  const std::optional<int64_t> offset = ParseInt64(Find(notes, kOffsetNote));
  const Config& config = env_.engine.config;
  const bool known = id.size() == kIdDigits && offset.has_value() && *offset >= 0;
  History& history = replicas_.history();
  if (known) {
    replicas_.Restart(static_cast<uint64_t>(*offset));
    if (config.replicaof_host.empty()) {
      // What was written after the file is lost: another history, which replicas that are no
      // further than the file can follow.
      history.earlier_id = id;
      history.earlier_end = *offset;
    } else {
      history.id = id;
      has_history_ = true;
    }
  }
  if (config.replicaof_host.empty()) return;
  const std::string host = config.replicaof_host;
  const bool has_history = has_history_;
  (void)Follow(host, static_cast<uint16_t>(config.replicaof_port));
  has_history_ = has_history;
  if (known) link_->set_database(DatabaseOf(notes));
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
  env_.log.Notice(StrCat("Master replication ID changed to ", id));
  replicas_.Disconnect();
}

absl::StatusOr<int> Replication::Load(const std::string& path, const PrimaryLink::Place& place) {
  replicas_.Disconnect();
  has_history_ = false;
  sync_under_way_ = true;
  const absl::StatusOr<FileNotes> notes =
      env_.data.Replace(path, env_.engine.config.repl_diskless_load == DisklessLoad::kDisabled);
  sync_under_way_ = false;
  if (!notes.ok()) return notes.status();
  replicas_.history().id = place.history;
  replicas_.history().ForgetEarlier();
  replicas_.Restart(place.offset);
  has_history_ = true;
  return DatabaseOf(*notes);
}

void Replication::OnLinkChanged() { env_.engine.replication.stale = !link_->connected(); }

void Replication::ForgetHistory() {
  replicas_.history().id = Replicas::RandomId(env_.engine);
  replicas_.history().ForgetEarlier();
}

void Replication::Tick() {
  if (link_ != nullptr) link_->Tick();
  replicas_.Tick();
}

size_t Replication::replicas_bytes() const {
  const size_t kept = env_.engine.config.repl_backlog_size;
  return backlog_bytes() > kept ? backlog_bytes() - kept : 0;
}

}  // namespace slotmesh::node
