// The engine's periodic work: time, memory statistics, idle clients, due keys.
//
// Runs on the engine's io_context, `hz` times a second. Each piece of work is bounded: active
// expiry goes in slices of at most kExpirySliceMicros with other clients served in between, and
// takes at most a quarter of the time.
#ifndef SLOTMESH_NODE_APP_CRON_H_
#define SLOTMESH_NODE_APP_CRON_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "node/command/engine.h"
#include "node/net/server.h"
#include "node/stats/memory.h"

namespace slotmesh::node {

class Cron {
 public:
  static constexpr int64_t kExpirySliceMicros = 1000;
  static constexpr int64_t kExpiryShare = 4;  // One in so many microseconds.
  static constexpr uint64_t kExpiryBucketsPerSlice = 1 << 16;
  // At most so much for each key of whose value parts are due, per slice.
  static constexpr uint64_t kExpiryFieldsPerKey = 256;
  static constexpr uint64_t kExpiryBucketsPerKey = 1 << 12;
  static constexpr uint64_t kExpiryWorthwhile =
      32;  // Keys removed by a slice that another follows.

  Cron(boost::asio::io_context& io, Engine& engine, Server& server, AllocatorGauge& gauge)
      : io_(io), engine_(engine), server_(server), gauge_(gauge), timer_(io), deadline_timer_(io) {}

  void Start();
  void Stop();
  // Called at each tick.
  void OnTick(std::function<void()> task) { tasks_.push_back(std::move(task)); }
  // DEBUG PAUSE-CRON.
  void set_paused(bool paused) { paused_ = paused; }
  // DEBUG SET-ACTIVE-EXPIRE.
  void set_active_expiry(bool on) { active_expiry_ = on; }

 private:
  int64_t PeriodMicros() const { return 1'000'000 / engine_.config.hz; }
  void Arm();
  void TimedTick();
  void Tick();
  // A wait that ends before the next tick ends in time.
  void ArmDeadline();
  void RefreshMemory();
  void ExpirySlice();
  uint64_t ExpireFields(int database, std::string_view key);
  void ExpireAlone(Database& database, std::string_view key);

  boost::asio::io_context& io_;
  Engine& engine_;
  Server& server_;
  AllocatorGauge& gauge_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer deadline_timer_;
  std::vector<std::function<void()>> tasks_;
  bool stopped_ = false;
  bool paused_ = false;
  bool active_expiry_ = true;
  int expiry_database_ = 0;
  int64_t expiry_budget_micros_ = 0;  // Left of this period's.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_CRON_H_
