// A whole engine in memory, for tests of commands: no sockets, time that stands still until it is
// moved, randomness from a fixed seed.
//
// Not thread-safe. Owns everything; the journal has a MemorySink, notifications are collected as
// text.
#ifndef SLOTMESH_NODE_COMMANDS_TESTING_TEST_ENGINE_H_
#define SLOTMESH_NODE_COMMANDS_TESTING_TEST_ENGINE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "node/command/access_control.h"
#include "node/command/client_limit.h"
#include "node/command/client_table.h"
#include "node/command/command_spec.h"
#include "node/command/dispatcher.h"
#include "node/command/engine.h"
#include "node/command/keyspace_events.h"
#include "node/command/keyspace_listener.h"
#include "node/command/memory_limit.h"
#include "node/config/config_store.h"
#include "node/journal/memory_sink.h"
#include "node/stats/clock.h"

namespace slotmesh::node {

class FakeClock : public Clock {
 public:
  int64_t WallMicros() override { return wall_micros; }
  int64_t MonotonicNanos() override {
    drift_nanos_ += nanos_per_look;
    return (wall_micros - kStartMicros) * 1000 + drift_nanos_;
  }
  uint64_t Ticks() override { return ++ticks_; }
  double ticks_per_micro() const override { return 1000; }

  static constexpr int64_t kStartMicros = 1'700'000'000'000'000;
  int64_t wall_micros = kStartMicros;
  int64_t nanos_per_look = 0;  // By which monotonic time goes on whenever it is read.

 private:
  int64_t drift_nanos_ = 0;
  uint64_t ticks_ = 0;
};

// A memory that is as full as a test says.
struct FakeGauge : public MemoryGauge {
  uint64_t used_bytes() const override { return bytes(); }
  std::function<uint64_t()> bytes = [] { return 0; };
};

class TestEngine;

// Rows with what makes the state that their handlers get from CommandContext::family().
struct TestFamily {
  absl::Span<const CommandSpec> rows;
  std::function<std::shared_ptr<void>(TestEngine&)> make_state = nullptr;
};

class TestEngine : private NotifyListener {
 public:
  struct Options {
    std::vector<TestFamily> families;
    bool cluster = false;
    int databases = 16;
    uint64_t hash_seed = 1;
    std::string config;  // Lines of a configuration file.
  };

  explicit TestEngine(const Options& options);
  ~TestEngine() override;

  Engine& engine() { return engine_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  FakeClock& clock() { return clock_; }
  ConfigStore& settings() { return settings_; }
  // Whoever makes clients for the engine puts them in here.
  ClientTable& clients() { return clients_; }
  MemorySink& journal() { return sink_; }
  FakeGauge& gauge() { return gauge_; }
  MemoryLimit& memory_limit() { return memory_limit_; }
  ClientLimit& client_limit() { return client_limit_; }

  // What a loop does when it has run what there was to run, posted work with it.
  void EndTurn();
  // Work for the thread that the engine belongs to: from any thread. What that thread posts itself
  // runs at the turn's end, what others do only in AwaitPost(), so that a test knows when.
  void Post(std::function<void()> task);
  // The same when time has been moved so far. On the engine's thread.
  void PostAfter(std::chrono::nanoseconds delay, std::function<void()> task);
  // Waits until some other thread has posted, and runs that. False if nobody does for a long while.
  bool AwaitPost();
  // The client leaves every table.
  void Forget(Client& client);
  // Lets time pass, and ends the waits that end by time.
  void AdvanceMillis(int64_t millis);
  // "database event key", one each, since the last call.
  std::vector<std::string> TakeEvents();

 private:
  void OnEvent(NotifyFlag kind, std::string_view event, std::string_view key,
               int database) override;
  using Tasks = std::vector<std::function<void()>>;
  bool RunPosted(Tasks& from);

  absl::Mutex mutex_;
  Tasks posted_ ABSL_GUARDED_BY(mutex_);
  Tasks posted_by_others_ ABSL_GUARDED_BY(mutex_);
  const std::thread::id thread_ = std::this_thread::get_id();
  std::multimap<int64_t, std::function<void()>> delayed_;  // By wall time in microseconds.
  FakeClock clock_;
  std::mt19937_64 random_{1};
  ConfigStore settings_;
  Registry registry_;
  Keyspace keyspace_;
  Journal journal_;
  MemorySink sink_;
  ServerStats stats_;
  SlowLog slow_log_;
  SlowLog large_requests_;
  SlowLog large_replies_;
  LatencyMonitor latency_monitor_;
  WatchTable watches_;
  ParkingLot parking_;
  BlockedClients blocked_;
  KeyWaiters key_waiters_{blocked_};
  Notifier notifier_;
  Pause pause_;
  ClientTable clients_;
  Messages messages_{clients_};
  Engine engine_;
  AccessControl access_{engine_, clients_};
  FakeGauge gauge_;
  MemoryLimit memory_limit_;
  ClientLimit client_limit_;
  KeyspaceListener listener_;
  KeyspaceEvents keyspace_events_;
  Dispatcher dispatcher_;
  std::vector<std::shared_ptr<void>> family_states_;
  std::vector<std::string> events_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_TESTING_TEST_ENGINE_H_
