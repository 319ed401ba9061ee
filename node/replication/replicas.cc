#include "node/replication/replicas.h"

#include <algorithm>
#include <utility>

#include "absl/random/distributions.h"
#include "node/command/server_observer.h"
#include "node/resp/request_text.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;

bool HasAsked(const Replica& replica) { return replica.state() != Replica::State::kOptions; }

}  // namespace

std::string Replicas::RandomId(Engine& engine) {
  std::string id;
  for (size_t i = 0; i < History::kIdDigits; ++i) {
    id += "0123456789abcdef"[absl::Uniform<uint32_t>(engine.random, 0, 16)];
  }
  return id;
}

Replicas::Replicas(const Environment& environment)
    : env_(environment),
      waits_(environment.engine.blocked, [this](const AckWish& wish) { return CountAcks(wish); }) {
  history_.id = RandomId(env_.engine);
}

Replicas::~Replicas() {
  *alive_ = false;
  sync_.reset();
  for (const auto& [id, replica] : replicas_) replica->client().feed = nullptr;
  Subscribe(false);
}

Replica& Replicas::Of(Client& client) {
  std::unique_ptr<Replica>& replica = replicas_[client.id()];
  if (replica == nullptr) {
    replica = std::make_unique<Replica>(client, backlog_, [this](Replica& gone) { OnGone(gone); });
    client.feed = replica.get();
  }
  return *replica;
}

Replica* Replicas::Find(const Client& client) {
  const auto found = replicas_.find(client.id());
  return found == replicas_.end() ? nullptr : found->second.get();
}

bool Replicas::GoOn(Replica& replica, std::string_view history, uint64_t offset) {
  if (!streaming_) return false;
  const bool known = history_.Continues(history, offset);
  if (!known || offset < backlog_.begin() || offset > backlog_.end()) {
    env_.log.Notice(StrCat("Unable to partial resync with replica ", replica.client().address,
                           known ? " for lack of backlog (Replica request was: "
                                 : ": another replication history (Replica request was: ",
                           offset + 1, ")."));
    if (!known && history == history_.earlier_id && history_.earlier_end != History::kNone) {
      replica.set_diverged_at(static_cast<uint64_t>(history_.earlier_end));
    }
    return false;
  }
  Client& client = replica.client();
  client.output.Append(replica.options().knows_psync2 ? StrCat("+CONTINUE ", history_.id, "\r\n")
                                                      : std::string("+CONTINUE\r\n"));
  env_.log.Notice(StrCat("Partial resynchronization request from ", client.address,
                         " accepted. Sending ", backlog_.end() - offset,
                         " bytes of backlog starting from offset ", offset + 1, "."));
  replica.GoOnline(offset, env_.engine.now_ms);
  Tell(env_.engine, &ServerObserver::OnReplica, true);
  CountGood();
  return true;
}

void Replicas::Sync(Replica& replica, std::string_view history, std::optional<uint64_t> offset) {
  Client& client = replica.client();
  replica.set_now_ms(env_.engine.now_ms);
  client.is_replica = true;
  env_.log.Notice(StrCat("Replica ", client.address, " asks for synchronization"));
  if (offset.has_value()) {
    if (GoOn(replica, history, *offset)) {
      ++env_.engine.stats.partial_syncs;
      return;
    }
    ++env_.engine.stats.partial_syncs_refused;
  }
  ++env_.engine.stats.full_syncs;
  replica.Wait(env_.engine.now_ms);
  if (sync_ != nullptr && !env_.engine.config.repl_diskless_sync && MayForget(replica) &&
      sync_->CanJoin(backlog_.begin())) {
    return sync_->Join(replica);
  }
  StartSyncSoon();
}

void Replicas::Acknowledge(Replica& replica, uint64_t offset, uint64_t synced) {
  replica.set_now_ms(env_.engine.now_ms);
  const bool was_online = replica.state() == Replica::State::kOnline;
  const bool news = replica.Acknowledge(offset, synced, env_.engine.now_ms);
  if (!was_online && replica.state() == Replica::State::kOnline) {
    env_.log.Notice(
        StrCat("Synchronization with replica ", replica.client().address, " succeeded"));
    Tell(env_.engine, &ServerObserver::OnReplica, true);
  }
  CountGood();
  if (news && !waits_.empty()) waits_.OnNews();
  const Replica::Options& says = replica.options();
  if (watcher_ != nullptr && says.boot != 0 && replica.state() == Replica::State::kOnline) {
    watcher_->OnProgress(says.node, says.boot, replica.acknowledged());
  }
}

bool Replicas::MayForget(const Replica& replica) const {
  const Replica::Options& says = replica.options();
  return watcher_ == nullptr || says.boot == 0 || watcher_->MayForget(says.node, says.boot);
}

// --- The stream. ---

void Replicas::Restart(uint64_t offset) {
  env_.engine.journal.set_offset(offset);
  backlog_.Restart(offset);
  streaming_ = true;
  last_ping_ms_ = env_.engine.now_ms;
  alone_since_ms_ = env_.engine.now_ms;
  Subscribe(!relaying_);
}

void Replicas::Subscribe(bool on) {
  if (on == subscribed_) return;
  subscribed_ = on;
  if (on) {
    env_.engine.journal.Subscribe(*this);
  } else {
    env_.engine.journal.Unsubscribe(*this);
  }
}

void Replicas::SetRelaying(bool on) {
  relaying_ = on;
  env_.engine.journal.set_relaying(on);
  Subscribe(streaming_ && !on);
}

// What was before has not been counted: nobody can go on from there.
void Replicas::BeginStream() {
  history_.id = RandomId(env_.engine);
  history_.ForgetEarlier();
  Restart(env_.engine.journal.offset());
  env_.log.Notice(StrCat("Replication backlog created, my new replication ID is ", history_.id));
}

void Replicas::EndStream() {
  streaming_ = false;
  Subscribe(false);
  backlog_.Restart(env_.engine.journal.offset());
  history_.id = RandomId(env_.engine);
  history_.ForgetEarlier();
  env_.log.Notice(StrCat("Replication backlog freed after ", env_.engine.config.repl_backlog_ttl,
                         " seconds without connected replicas."));
}

void Replicas::OnUnit(const JournalUnit& unit) {
  SlotStats* stats = env_.engine.slot_stats;
  if (stats != nullptr && stats->active()) [[unlikely]]
    CountSlots(*stats, unit);
  backlog_.Append(unit.resp);
  WakeAll();
  Trim();
}

void Replicas::CountSlots(SlotStats& stats, const JournalUnit& unit) const {
  const size_t replicas = count();
  for (const Effect& effect : unit.effects) {
    if (effect.slot == kNoSlot || !effect.changes_data()) continue;
    stats.AddBytesOut(effect.slot, replicas * RequestLength(effect.argv));
  }
}

void Replicas::Relay(std::string_view bytes) {
  backlog_.Append(bytes);
  env_.engine.journal.set_offset(backlog_.end());
  WakeAll();
  Trim();
}

void Replicas::WakeAll() {
  for (const auto& [id, replica] : replicas_) replica->Wake();
}

void Replicas::Trim() {
  const uint64_t keep = env_.engine.config.repl_backlog_size;
  if (backlog_.size() < keep + Backlog::kBlockBytes) return;
  uint64_t needed = backlog_.end();
  for (const auto& [id, replica] : replicas_) {
    if (replica->needs_stream()) needed = std::min(needed, replica->position());
  }
  backlog_.Trim(needed, keep);
}

void Replicas::BeforeReplies() {
  if (!ask_for_acks_) return;
  ask_for_acks_ = false;
  if (!subscribed_) return;
  const std::string_view words[] = {"REPLCONF", "GETACK", "*"};
  env_.engine.journal.Append({.origin = Origin::kControl, .argv = words});
}

// --- Full copies. ---

void Replicas::StartSyncSoon() {
  env_.post([this, alive = alive_] {
    if (*alive) StartSync();
  });
}

// Others may come while it waits, and share the copy.
bool Replicas::WaitsForMore(const std::vector<Replica*>& waiting) const {
  const Config& config = env_.engine.config;
  const int64_t enough = config.repl_diskless_sync_max_replicas;
  if (enough > 0 && static_cast<int64_t>(waiting.size()) >= enough) return false;
  int64_t since = env_.engine.now_ms;
  for (const Replica* replica : waiting) since = std::min(since, replica->waits_since_ms());
  return env_.engine.now_ms - since < config.repl_diskless_sync_delay * kMillisPerSecond;
}

void Replicas::StartSync() {
  if (sync_ != nullptr) return;
  std::vector<Replica*> waiting;
  for (const auto& [id, replica] : replicas_) {
    const bool waits = replica->state() == Replica::State::kWaiting;
    if (waits && MayForget(*replica)) waiting.push_back(replica.get());
  }
  if (waiting.empty()) return;
  const bool stream = env_.engine.config.repl_diskless_sync &&
                      std::all_of(waiting.begin(), waiting.end(), [](const Replica* replica) {
                        return replica->options().takes_stream;
                      });
  if (stream && WaitsForMore(waiting)) return;
  if (!streaming_) BeginStream();
  env_.log.Notice(StrCat("Starting a snapshot for replicas with target: ",
                         stream ? "replicas sockets" : "disk"));
  Journal& journal = env_.engine.journal;
  sync_ = std::make_unique<FullSync>(
      FullSync::Environment{.save = {env_.engine, env_.snapshots, env_.post, env_.post_after},
                            .log = env_.log,
                            .notes = env_.notes,
                            .on_begin =
                                [&journal] {
                                  journal.NoteCopy();
                                  return journal.offset();
                                },
                            .history = [this] { return history_.id; },
                            .on_end =
                                [this] {
                                  sync_.reset();
                                  StartSyncSoon();
                                }},
      stream ? FullSync::Way::kStream : FullSync::Way::kFile, RandomId(env_.engine));
  const absl::Status begun = sync_->Begin(waiting);
  if (begun.ok()) return;
  env_.log.Warning(StrCat("No copy for replicas: ", ToStd(begun.message())));
  sync_.reset();
  for (Replica* replica : waiting) {
    replica->client().host()->Close(replica->client(), /*after_replies=*/false);
  }
}

// --- Their coming and going. ---

void Replicas::OnGone(Replica& replica) {
  if (HasAsked(replica)) {
    env_.log.Notice(StrCat("Connection with replica ", replica.client().address, " lost."));
  }
  if (sync_ != nullptr) sync_->Forget(replica);
  const bool was_online = replica.state() == Replica::State::kOnline;
  const Replica::Options says = replica.options();
  replicas_.erase(replica.client().id());
  const bool came_back = std::any_of(replicas_.begin(), replicas_.end(), [&](const auto& one) {
    const Replica::Options& other = one.second->options();
    return other.node == says.node && other.boot == says.boot;
  });
  if (watcher_ != nullptr && says.boot != 0 && !came_back) watcher_->OnGone(says.node, says.boot);
  if (count() == 0) alone_since_ms_ = env_.engine.now_ms;
  Trim();
  CountGood();
  if (was_online) Tell(env_.engine, &ServerObserver::OnReplica, false);
}

void Replicas::Disconnect() {
  sync_.reset();
  for (const auto& [id, replica] : replicas_) {
    if (!HasAsked(*replica)) continue;
    replica->client().host()->Close(replica->client(), /*after_replies=*/false);
  }
}

void Replicas::CountGood() {
  int64_t good = 0;
  const int64_t lag = env_.engine.config.min_replicas_max_lag * kMillisPerSecond;
  for (const auto& [id, replica] : replicas_) {
    const bool online = replica->state() == Replica::State::kOnline;
    if (online && env_.engine.now_ms - replica->last_ack_ms() <= lag) ++good;
  }
  env_.engine.replication.good_replicas = good;
}

AckCounts Replicas::CountAcks(const AckWish& wish) const {
  AckCounts counts;
  for (const auto& [id, replica] : replicas_) {
    if (replica->state() != Replica::State::kOnline) continue;
    const uint64_t has = wish.on_disk ? replica->synced() : replica->acknowledged();
    if (has >= wish.offset) ++counts.replicas;
  }
  counts.here = wish.on_disk && env_.engine.config.appendonly && env_.synced_here() >= wish.offset;
  return counts;
}

void Replicas::DropSilent() {
  const int64_t limit = env_.engine.config.repl_timeout * kMillisPerSecond;
  for (const auto& [id, replica] : replicas_) {
    const bool silent = env_.engine.now_ms - replica->last_ack_ms() > limit;
    const bool counts =
        replica->state() == Replica::State::kOnline || replica->state() == Replica::State::kSending;
    if (!counts || !silent || replica->options().old_style) continue;
    env_.log.Warning(
        StrCat("Disconnecting timedout replica (streaming sync): ", replica->client().address));
    replica->client().host()->Close(replica->client(), /*after_replies=*/false);
  }
}

void Replicas::TickSecond() {
  const int64_t now = env_.engine.now_ms;
  for (const auto& [id, replica] : replicas_) replica->KeepAlive();
  DropSilent();
  CountGood();
  Trim();
  const int64_t period = env_.engine.config.repl_ping_replica_period * kMillisPerSecond;
  if (subscribed_ && count() > 0 && now - last_ping_ms_ >= period) {
    last_ping_ms_ = now;
    const std::string_view words[] = {"PING"};
    env_.engine.journal.Append({.origin = Origin::kControl, .argv = words});
  }
  const int64_t ttl = env_.engine.config.repl_backlog_ttl;
  const bool forgotten = ttl > 0 && now - alone_since_ms_ > ttl * kMillisPerSecond;
  if (streaming_ && !relaying_ && count() == 0 && forgotten) EndStream();
}

void Replicas::Tick() {
  for (const auto& [id, replica] : replicas_) replica->set_now_ms(env_.engine.now_ms);
  if (!waits_.empty()) waits_.OnNews();  // This node's own disk may have come along.
  if (sync_ != nullptr) {
    sync_->Tick();
  } else {
    StartSync();
  }
  if (env_.engine.now_ms < next_second_ms_) return;
  next_second_ms_ = env_.engine.now_ms + kMillisPerSecond;
  TickSecond();
}

std::vector<Replica*> Replicas::List() const {
  std::vector<Replica*> list;
  for (const auto& [id, replica] : replicas_) {
    if (HasAsked(*replica)) list.push_back(replica.get());
  }
  return list;
}

size_t Replicas::count() const {
  return static_cast<size_t>(std::count_if(replicas_.begin(), replicas_.end(),
                                           [](const auto& one) { return HasAsked(*one.second); }));
}

}  // namespace slotmesh::node
