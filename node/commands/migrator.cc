#include "node/commands/migrator.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "node/keyspace/entry_codec.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kConnectError = "IOERR error or timeout connecting to the client";
constexpr std::string_view kWriteError = "IOERR error or timeout writing to target instance";
constexpr std::string_view kReadError = "IOERR error or timeout reading to target instance";
constexpr std::string_view kKeptError =
    "ERR The target has the keys, but they could not be removed here: the slot has changed hands "
    "or "
    "cannot be written now";

}  // namespace

struct Migrator::Job {
  MigrateTask task;
  int database = 0;  // Here.
  BlockedClients::Ticket ticket = 0;
  std::unique_ptr<MigrateExchange> exchange;  // Once it has begun.
  absl::Time deadline;
  bool retried = false;
  bool removed = false;  // A key, at least.
  bool kept = false;     // A key that the target has.
};

// One address: its connection and who waits to use it.
class Migrator::Target : private PeerConnection::Listener {
 public:
  Target(Migrator& owner, Address address)
      : owner_(owner), address_(std::move(address)), last_use_(owner.Now()) {}

  void Add(std::unique_ptr<Job> job) {
    job->deadline = owner_.Now() + job->task.timeout;
    jobs_.push_back(std::move(job));
    if (jobs_.size() == 1) Pump();
  }
  void Tick();

  size_t jobs() const { return jobs_.size(); }
  bool open() const { return connection_ != nullptr; }
  // Nobody needs it; that nobody may use it yet is a reason to keep it.
  bool idle() const { return jobs_.empty() && !ending_; }
  absl::Time last_use() const { return last_use_; }
  absl::Time NextDeadline() const;

 private:
  // PeerConnection::Listener.
  void OnConnected() override;
  void OnBytes(std::string_view bytes) override;
  void OnSent(size_t bytes) override;
  void OnClosed() override;

  // Goes on with the first job, and those behind it that need no waiting.
  void Pump();
  void Begin(Job& job);
  void Fill(Job& job);
  void EndFirst(std::string_view error);
  void Progress() { jobs_.front()->deadline = owner_.Now() + jobs_.front()->task.timeout; }
  void Disconnect();
  // The first job has run out of time.
  void GiveUp();

  Migrator& owner_;
  const Address address_;
  std::deque<std::unique_ptr<Job>> jobs_;  // The first one uses the connection.
  std::unique_ptr<PeerConnection> connection_;
  bool connected_ = false;
  bool used_ = false;     // A job before the first one has used the connection.
  bool ending_ = false;   // Closed for sending: waits for the target to close it.
  int64_t database_ = 0;  // That the connection has selected; -1: not known.
  size_t unsent_ = 0;     // Bytes.
  absl::Time last_use_;
};

void Migrator::Target::Pump() {
  while (!jobs_.empty() && !ending_) {
    Job& job = *jobs_.front();
    if (connection_ == nullptr) {
      connection_ = owner_.network_.Connect(address_.first, address_.second, *this);
      Progress();
    }
    if (!connected_) return;
    if (job.exchange == nullptr) Begin(job);
    Fill(job);
    if (!job.exchange->done()) return;
    database_ = job.exchange->error().empty() ? job.task.database : -1;
    used_ = true;
    const std::string& error = job.exchange->error();
    EndFirst(error.empty() ? "" : StrCat("ERR Target instance replied with error: ", error));
  }
}

void Migrator::Target::Begin(Job& job) {
  MigrateExchange::Wish wish{.login = job.task.login,
                             .asking = owner_.engine_.keyspace.cluster(),
                             .replace = job.task.replace,
                             .keys = job.task.keys};
  if (database_ != job.task.database) wish.select = job.task.database;
  job.exchange = std::make_unique<MigrateExchange>(std::move(wish));
  Progress();
}

void Migrator::Target::Fill(Job& job) {
  if (unsent_ >= MigrateExchange::kFillBytes) return;
  std::string bytes;
  job.exchange->Fill(
      [&](const std::string& key, MigrateExchange::Value* value) {
        return owner_.ReadValue(job, key, value);
      },
      &bytes);
  if (bytes.empty()) return;
  unsent_ += bytes.size();
  connection_->Send(std::move(bytes));
}

void Migrator::Target::EndFirst(std::string_view error) {
  const std::unique_ptr<Job> job = std::move(jobs_.front());
  jobs_.pop_front();
  last_use_ = owner_.Now();
  owner_.End(*job, error);
}

void Migrator::Target::Disconnect() {
  connection_.reset();
  connected_ = used_ = ending_ = false;
  database_ = 0;
  unsent_ = 0;
}

void Migrator::Target::OnConnected() {
  owner_.dispatcher_.BeginTurn();
  connected_ = true;
  if (!jobs_.empty()) Progress();
  Pump();
  owner_.Rearm();
}

void Migrator::Target::OnBytes(std::string_view bytes) {
  if (ending_) return;
  owner_.dispatcher_.BeginTurn();
  std::vector<std::string> taken;
  const bool expected = !jobs_.empty() && jobs_.front()->exchange != nullptr;
  const bool fine = expected && jobs_.front()->exchange->OnBytes(bytes, &taken);
  for (const std::string& key : taken) owner_.Remove(*jobs_.front(), key);
  if (fine) {
    Progress();
  } else {
    Disconnect();
    if (expected) EndFirst(kReadError);
  }
  Pump();
  owner_.dispatcher_.ServeReadyKeys();
  owner_.Rearm();
}

void Migrator::Target::OnSent(size_t bytes) {
  unsent_ -= std::min(bytes, unsent_);
  if (ending_ || jobs_.empty()) return;
  owner_.dispatcher_.BeginTurn();
  Progress();
  Pump();
  owner_.Rearm();
}

void Migrator::Target::OnClosed() {
  owner_.dispatcher_.BeginTurn();
  const bool was_connected = connected_;
  const bool was_used = used_;
  const bool was_ending = ending_;
  const bool unsent = unsent_ > 0;
  Disconnect();
  if (!was_ending && !jobs_.empty()) {
    Job& job = *jobs_.front();
    if (!was_connected) {
      EndFirst(kWriteError);  // As Redis finds it: when it wants to write.
    } else if (was_used && !job.retried && job.exchange != nullptr && !job.exchange->any_reply()) {
      // A connection that was kept and that the target has closed meanwhile says nothing of it.
      job.retried = true;
      job.exchange.reset();
    } else if (job.exchange != nullptr) {
      EndFirst(unsent ? kWriteError : kReadError);
    }
  }
  Pump();
  owner_.Rearm();
}

void Migrator::Target::GiveUp() {
  const bool begun = jobs_.front()->exchange != nullptr;
  if (!begun) {
    // Nothing has been sent for it.
    if (!ending_) Disconnect();
    return EndFirst(kConnectError);
  }
  const bool unsent = unsent_ > 0;
  ending_ = true;
  unsent_ = 0;
  connection_->EndSending();
  EndFirst(unsent ? kWriteError : kReadError);
  const absl::Time now = owner_.Now();
  for (const std::unique_ptr<Job>& job : jobs_) job->deadline = now + job->task.timeout;
}

void Migrator::Target::Tick() {
  const absl::Time now = owner_.Now();
  while (!jobs_.empty() && now >= jobs_.front()->deadline) {
    GiveUp();
    Pump();
  }
  if (!ending_) return;
  // While nobody can use the connection, time runs for all.
  const auto late = [now](const std::unique_ptr<Job>& job) { return now >= job->deadline; };
  for (auto at = std::find_if(jobs_.begin(), jobs_.end(), late); at != jobs_.end();
       at = std::find_if(jobs_.begin(), jobs_.end(), late)) {
    std::rotate(jobs_.begin(), at, at + 1);
    EndFirst(kConnectError);
  }
}

absl::Time Migrator::Target::NextDeadline() const {
  absl::Time next = absl::InfiniteFuture();
  if (!jobs_.empty()) next = jobs_.front()->deadline;
  if (!ending_) return next;
  for (const std::unique_ptr<Job>& job : jobs_) next = std::min(next, job->deadline);
  return next;
}

// --- Migrator ---

Migrator::Migrator(Engine& engine, Dispatcher& dispatcher, MigrateNetwork& network)
    : engine_(engine), dispatcher_(dispatcher), network_(network) {}

Migrator::~Migrator() = default;

void Migrator::Begin(Client& client, MigrateTask task) {
  for (const std::string& key : task.keys) CHECK(engine_.held_keys.Hold(key));
  auto job = std::make_unique<Job>();
  job->database = client.database;
  job->ticket = engine_.blocked.Block(client);
  Address address(task.host, task.port);
  job->task = std::move(task);
  auto found = targets_.find(address);
  if (found == targets_.end()) {
    DropIdle(/*make_room=*/true);
    found = targets_.emplace(address, std::make_unique<Target>(*this, address)).first;
  }
  found->second->Add(std::move(job));
  Rearm();
}

bool Migrator::ReadValue(const Job& job, const std::string& key, MigrateExchange::Value* value) {
  const int64_t now_ms = engine_.now_ms;
  const Entry* entry =
      engine_.keyspace.database(job.database)
          .FindRead(HashKey(engine_.keyspace, key), now_ms, {.touch = false, .count = false});
  if (entry == nullptr) return false;
  if (entry->has_expiry()) value->ttl_ms = std::max<int64_t>(1, entry->expiry() - now_ms);
  value->payload = DumpEntry(*entry, engine_.config.rdbcompression, job.database);
  return true;
}

void Migrator::Remove(Job& job, const std::string& key) {
  if (job.task.copy) return;
  const HashedKey hashed = HashKey(engine_.keyspace, key);
  if (engine_.gate != nullptr && !engine_.gate->MayChange(hashed.slot)) {
    job.kept = true;
    return;
  }
  Database& db = engine_.keyspace.database(job.database);
  if (!db.Delete(hashed, engine_.now_ms, engine_.config.lazyfree_lazy_server_del)) return;
  job.removed = true;
  ++engine_.stats.keyspace_changes;
  if (engine_.journal.active()) {
    const std::string_view words[] = {"DEL", key};
    engine_.journal.Append({.database = job.database,
                            .slot = engine_.keyspace.cluster() ? hashed.slot : kNoSlot,
                            .origin = Origin::kClient,
                            .argv = words});
  }
  engine_.notifier.Notify(kNotifyGeneric, "del", key, job.database);
}

void Migrator::End(Job& job, std::string_view error) {
  for (const std::string& key : job.task.keys) engine_.held_keys.Release(key);
  if (error.empty() && job.kept) error = kKeptError;
  engine_.blocked.Complete(job.ticket, [&](Client& client) {
    if (job.removed) client.has_unsent_write = true;
    if (error.empty()) return client.reply().Ok();
    client.reply().Error(error);
  });
  // Some may have to wait on, for another's keys.
  engine_.parking.Release(
      [](const ParkingLot::Place& place) { return place.reason == ParkReason::kHeldKey; });
}

void Migrator::Tick() {
  dispatcher_.BeginTurn();
  for (const auto& [address, target] : targets_) target->Tick();
  DropIdle(/*make_room=*/false);
  dispatcher_.ServeReadyKeys();
  Rearm();
}

// Those that have been idle for too long; to make room also the one that was used the longest ago.
void Migrator::DropIdle(bool make_room) {
  const absl::Time now = Now();
  std::erase_if(targets_, [now](const auto& item) {
    return item.second->idle() && now - item.second->last_use() >= kIdleMax;
  });
  if (!make_room || targets_.size() < kCachedMax) return;
  auto oldest = targets_.end();
  for (auto at = targets_.begin(); at != targets_.end(); ++at) {
    if (!at->second->idle()) continue;
    if (oldest == targets_.end() || at->second->last_use() < oldest->second->last_use()) {
      oldest = at;
    }
  }
  if (oldest != targets_.end()) targets_.erase(oldest);
}

void Migrator::Rearm() {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [address, target] : targets_) next = std::min(next, target->NextDeadline());
  engine_.stats.migrate_cached_sockets = connections();
  if (next == absl::InfiniteFuture()) return;
  network_.WakeAfter(std::max(next - Now(), absl::Milliseconds(1)));
}

size_t Migrator::jobs() const {
  size_t count = 0;
  for (const auto& [address, target] : targets_) count += target->jobs();
  return count;
}

size_t Migrator::connections() const {
  return std::count_if(targets_.begin(), targets_.end(),
                       [](const auto& item) { return item.second->open(); });
}

}  // namespace slotmesh::node
