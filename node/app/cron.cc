#include "node/app/cron.h"

#include <algorithm>
#include <chrono>

#include "boost/asio/post.hpp"
#include "node/command/expiry_role.h"
#include "node/command/request_filter.h"
#include "node/commands/field_expiry.h"

namespace slotmesh::node {

void Cron::Start() {
  RefreshMemory();
  Arm();
}

void Cron::Stop() {
  stopped_ = true;
  timer_.cancel();
  deadline_timer_.cancel();
}

void Cron::Arm() {
  timer_.expires_after(std::chrono::microseconds(PeriodMicros()));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    if (!paused_) TimedTick();
    Arm();
  });
}

void Cron::TimedTick() {
  const int64_t begin = engine_.clock.MonotonicNanos();
  Tick();
  const auto micros = static_cast<uint64_t>((engine_.clock.MonotonicNanos() - begin) / 1000);
  engine_.stats.loop.AddTurn(micros, 0);
  engine_.stats.loop.timer_micros += micros;
}

void Cron::Tick() {
  server_.BeginTurn();
  RefreshMemory();
  engine_.stats.SampleRates(engine_.clock.MonotonicNanos() / 1'000'000);
  server_.Housekeep();
  engine_.blocked.EndDue(engine_.now_ms);
  ArmDeadline();
  for (const auto& task : tasks_) task();
  engine_.parking.Release([&](const ParkingLot::Place& place) {
    return place.reason == ParkReason::kPause &&
           engine_.pause.active(engine_.now_ms) == Pause::Kind::kNone;
  });
  FollowPause(engine_);
  // Keys that expired, slots that moved.
  server_.dispatcher().ServeReadyKeys();
  expiry_budget_micros_ = PeriodMicros() / kExpiryShare;
  // While clients wait nothing may change, so that another node can take over; nor while the data
  // is loaded, which says itself what has expired; and a replica's keys are its primary's to
  // remove.
  const bool still = engine_.pause.active(engine_.now_ms) != Pause::Kind::kNone ||
                     engine_.loading.active || engine_.replication.is_replica;
  if (active_expiry_ && !still) ExpirySlice();
}

void Cron::ArmDeadline() {
  const int64_t deadline = engine_.blocked.next_deadline_ms();
  if (deadline == BlockedClients::kNoDeadline) return;
  const int64_t left = std::max<int64_t>(deadline - engine_.now_ms, 1);
  if (left * 1000 >= PeriodMicros()) return;
  deadline_timer_.expires_after(std::chrono::milliseconds(left));
  deadline_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_ || paused_) return;
    server_.BeginTurn();
    engine_.blocked.EndDue(engine_.now_ms);
    ArmDeadline();
  });
}

void Cron::RefreshMemory() {
  gauge_.Refresh();
  engine_.used_memory_bytes = gauge_.used_bytes();
  engine_.stats.peak_memory_bytes =
      std::max(engine_.stats.peak_memory_bytes, engine_.used_memory_bytes);
}

uint64_t Cron::ExpireFields(int database, std::string_view key) {
  // What is left is met again by the sweep's next round; so is a value that a snapshot has in part,
  // the rest of which would have to be saved at once.
  BigValueGate* const gate = engine_.big_values;
  if (gate != nullptr && gate->active() && gate->MustWait(HashKey(engine_.keyspace, key))) return 0;
  bool done;
  return ExpireFieldsOf(engine_, database, key,
                        {.fields_max = kExpiryFieldsPerKey, .buckets_max = kExpiryBucketsPerKey},
                        &done);
}

// What modules do about it goes out with it.
void Cron::ExpireAlone(Database& database, std::string_view key) {
  const JournalScope unit(engine_.journal);
  // Gone with the look.
  (void)database.FindRead(HashKey(engine_.keyspace, key), engine_.now_ms,
                          {.touch = false, .count = false});
  if (engine_.unit_end != nullptr && engine_.unit_end->pending()) engine_.unit_end->Run();
}

void Cron::ExpirySlice() {
  const int64_t begin = engine_.clock.MonotonicNanos();
  const auto spent = [&] { return (engine_.clock.MonotonicNanos() - begin) / 1000; };
  uint64_t removed = 0;
  uint64_t buckets = 0;
  server_.BeginTurn();
  const auto due =
      engine_.notifier.modules_hear(kNotifyExpired) ? Database::Due::kName : Database::Due::kRemove;
  for (int looked = 0; looked < engine_.keyspace.database_count(); ++looked) {
    Database& db = engine_.keyspace.database(expiry_database_);
    if (db.expiring() + db.with_expiring_parts() > 0) {
      const Database::ExpiryStep step = db.ExpireSome(
          engine_.now_ms, kExpiryBucketsPerSlice - buckets,
          [&] { return spent() >= kExpirySliceMicros; }, due);
      removed += step.removed + step.due_keys.size();
      for (const std::string& key : step.due_keys) ExpireAlone(db, key);
      for (const std::string& key : step.due_parts) removed += ExpireFields(db.index(), key);
      buckets += step.buckets;
      if (spent() >= kExpirySliceMicros || buckets >= kExpiryBucketsPerSlice) break;
    }
    expiry_database_ = (expiry_database_ + 1) % engine_.keyspace.database_count();
  }
  const int64_t micros = spent();
  expiry_budget_micros_ -= std::max<int64_t>(micros, 1);
  engine_.stats.expiry_micros += micros;
  if (micros >= kExpirySliceMicros) ++engine_.stats.expiry_slices_cut;
  const int64_t threshold = engine_.config.latency_monitor_threshold;
  if (threshold != 0 && micros / 1000 >= threshold && engine_.latency_monitor != nullptr) {
    engine_.latency_monitor->Add("expire-cycle", engine_.now_ms / 1000, micros / 1000);
  }
  if (removed < kExpiryWorthwhile || expiry_budget_micros_ <= 0) return;
  boost::asio::post(io_, [this] {
    if (!stopped_ && !engine_.loading.active) ExpirySlice();
  });
}

}  // namespace slotmesh::node
