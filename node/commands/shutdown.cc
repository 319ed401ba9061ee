#include "node/commands/shutdown.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "node/command/expiry_role.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
constexpr int64_t kMillisPerSecond = 1000;
constexpr std::string_view kFailed = "ERR Errors trying to SHUTDOWN. Check logs.";

}  // namespace

bool ShutdownSequence::ReplicasHaveAll() const {
  if (env_.replication == nullptr) return true;
  const std::vector<ReplicaProgress> all = env_.replication->Progress();
  return std::all_of(all.begin(), all.end(),
                     [](const ReplicaProgress& replica) { return replica.has_all; });
}

bool ShutdownSequence::NeedsToWait(const ShutdownRequest& request) const {
  return !request.now && env_.engine.config.shutdown_timeout > 0 && !ReplicasHaveAll();
}

ShutdownSequence::Outcome ShutdownSequence::Begin(const ShutdownRequest& request) {
  const bool goes_on_waiting = waiting_.has_value() && !request.now;
  if (goes_on_waiting) {
    waiting_->restart = waiting_->restart && request.restart;
    return Outcome::kWaits;
  }
  env_.log.Warning("User requested shutdown...");
  asked_.reset();
  waiting_ = request;
  // Half of the data must not replace a file that has all of it.
  if (env_.engine.loading.active) {
    waiting_->save = false;
    waiting_->nosave = true;
  }
  if (!NeedsToWait(request)) return Finish();
  deadline_ms_ = env_.engine.now_ms + env_.engine.config.shutdown_timeout * kMillisPerSecond;
  env_.engine.pause.Start(Pause::Purpose::kShutdown, Pause::Kind::kWrite, kForever,
                          env_.engine.now_ms);
  FollowPause(env_.engine);
  // Replicas say how far they are once a second. To be asked would be one command more in a stream
  // whose last file may be written already: after a restart they could not go on where they are.
  env_.log.Notice("Waiting for replicas before shutting down.");
  return Outcome::kWaits;
}

void ShutdownSequence::Await(Client& client) {
  clients_.push_back(env_.engine.blocked.Block(client));
}

bool ShutdownSequence::Abort() {
  if (!asked_.has_value() && !waiting_.has_value()) return false;
  env_.log.Notice("Shutdown manually aborted.");
  GoOn();
  return true;
}

void ShutdownSequence::Tick() {
  if (asked_.has_value()) {
    (void)Begin(*std::exchange(asked_, std::nullopt));
    return;
  }
  if (!waiting_.has_value()) return;
  if (env_.engine.now_ms >= deadline_ms_ || ReplicasHaveAll()) (void)Finish();
}

std::optional<int64_t> ShutdownSequence::millis_left() const {
  if (!waiting_.has_value()) return std::nullopt;
  return std::max<int64_t>(deadline_ms_ - env_.engine.now_ms, 0);
}

void ShutdownSequence::LogReplicas() const {
  if (env_.replication == nullptr) return;
  size_t have_all = 0;
  const std::vector<ReplicaProgress> all = env_.replication->Progress();
  for (const ReplicaProgress& replica : all) {
    if (replica.has_all) {
      ++have_all;
      continue;
    }
    env_.log.Notice(StrCat("Lagging replica ", replica.address, " reported offset ", replica.offset,
                           ", ", env_.engine.journal.offset() - replica.offset,
                           " bytes behind, lag=", replica.lag_s, ", state=", replica.state, "."));
  }
  if (all.empty()) return;
  env_.log.Notice(
      StrCat(have_all, " of ", all.size(), " replicas are in sync when shutting down."));
}

// The append-only file that is being begun is the only one: without it what was written since it
// was turned on would be nowhere.
bool ShutdownSequence::GiveUpRewrite() {
  if (!env_.persistence.StatusOfAof().beginning) return true;
  if (!waiting_->force) {
    env_.log.Warning("Writing initial AOF, can't exit.");
    return false;
  }
  env_.log.Warning("Writing initial AOF. Exit anyway.");
  return true;
}

bool ShutdownSequence::SaveData() {
  (void)env_.persistence.CancelBackgroundSave();
  const bool wanted = waiting_->save || env_.persistence.has_save_points();
  if (waiting_->nosave || !wanted) return true;
  env_.log.Notice("Saving the final RDB snapshot before exiting.");
  if (env_.persistence.Save().ok()) return true;
  if (waiting_->force) {
    env_.log.Warning("Error trying to save the DB. Exit anyway.");
    return true;
  }
  env_.log.Warning("Error trying to save the DB, can't exit.");
  return false;
}

ShutdownSequence::Outcome ShutdownSequence::Finish() {
  LogReplicas();
  if (GiveUpRewrite() && SaveData()) {
    const bool restart = waiting_->restart;
    waiting_.reset();
    env_.exit(restart);
    return Outcome::kEnds;
  }
  env_.log.Warning("Errors trying to shut down the server. Check the logs for more information.");
  GoOn();
  return Outcome::kFailed;
}

void ShutdownSequence::GoOn() {
  asked_.reset();
  waiting_.reset();
  env_.engine.pause.Lift(Pause::Purpose::kShutdown);
  FollowPause(env_.engine);
  env_.engine.parking.Release(
      [](const ParkingLot::Place& place) { return place.reason == ParkReason::kPause; });
  for (const BlockedClients::Ticket ticket : std::exchange(clients_, {})) {
    env_.engine.blocked.Complete(ticket, [](Client& client) { client.reply().Error(kFailed); });
  }
  if (env_.on_going_on != nullptr) env_.on_going_on();
}

}  // namespace slotmesh::node
