#include "node/commands/testing/test_engine.h"

#include <utility>

#include "node/command/engine_settings.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {

TestEngine::TestEngine(const Options& options)
    : keyspace_({.databases = options.databases,
                 .cluster = options.cluster,
                 .hash_seed = options.hash_seed}),
      engine_{.registry = registry_,
              .keyspace = keyspace_,
              .journal = journal_,
              .config = settings_.config(),
              .stats = stats_,
              .slow_log = slow_log_,
              .watches = watches_,
              .parking = parking_,
              .blocked = blocked_,
              .key_waiters = key_waiters_,
              .messages = messages_,
              .notifier = notifier_,
              .pause = pause_,
              .access = access_,
              .clock = clock_,
              .micros_per_tick = 1 / clock_.ticks_per_micro(),
              .random = random_,
              .latency_monitor = &latency_monitor_,
              .large_requests = &large_requests_,
              .large_replies = &large_replies_},
      memory_limit_(engine_, gauge_),
      client_limit_(engine_, clients_),
      listener_(engine_),
      keyspace_events_(messages_.pubsub, settings_.config()),
      dispatcher_(engine_) {
  CHECK(settings_.LoadText(options.config, "test").ok());
  FollowLogSettings(settings_, engine_);
  FollowKeyspaceSettings(settings_, engine_);
  FollowTypeSettings(settings_, engine_);
  access_.FollowSettings(settings_);
  access_.set_secret_bytes([this](absl::Span<unsigned char> bytes) {
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random_());
  });
  memory_limit_.FollowSettings(settings_);
  client_limit_.FollowSettings(settings_);
  engine_.memory_limit = &memory_limit_;
  engine_.client_limit = &client_limit_;
  journal_.Subscribe(sink_);
  keyspace_.set_removal_listener(&listener_);
  keyspace_.set_touch_listener(&listener_);
  notifier_.set_listener(this);
  notifier_.set_classes(kNotifyAll | kNotifyKeyMiss | kNotifyNew);
  for (const TestFamily& family : options.families) {
    std::shared_ptr<void> state = family.make_state ? family.make_state(*this) : nullptr;
    CHECK(registry_.AddFamily(family.rows, state.get()).ok());
    family_states_.push_back(std::move(state));
  }
  dispatcher_.BeginTurn();
}

TestEngine::~TestEngine() {
  keyspace_.set_removal_listener(nullptr);
  keyspace_.set_touch_listener(nullptr);
  journal_.Unsubscribe(sink_);
}

void TestEngine::AdvanceMillis(int64_t millis) {
  clock_.wall_micros += millis * 1000;
  dispatcher_.BeginTurn();
  while (!delayed_.empty() && delayed_.begin()->first <= clock_.wall_micros) {
    const auto task = std::move(delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
    task();
  }
  blocked_.EndDue(engine_.now_ms);
  parking_.Release([&](const ParkingLot::Place& place) {
    return place.reason == ParkReason::kPause &&
           pause_.active(engine_.now_ms) == Pause::Kind::kNone;
  });
  dispatcher_.ServeReadyKeys();
  listener_.ExpireOwn();
}

std::vector<std::string> TestEngine::TakeEvents() { return std::exchange(events_, {}); }

void TestEngine::EndTurn() {
  while (RunPosted(posted_)) {
  }
  messages_.tracking.SendWaiting();
}

void TestEngine::Post(std::function<void()> task) {
  const absl::MutexLock lock(&mutex_);
  Tasks& to = std::this_thread::get_id() == thread_ ? posted_ : posted_by_others_;
  to.push_back(std::move(task));
}

void TestEngine::PostAfter(std::chrono::nanoseconds delay, std::function<void()> task) {
  delayed_.emplace(clock_.wall_micros + delay.count() / 1000, std::move(task));
}

bool TestEngine::AwaitPost() {
  {
    const absl::MutexLock lock(&mutex_);
    const auto there = +[](Tasks* posted) { return !posted->empty(); };
    if (!mutex_.AwaitWithTimeout(absl::Condition(there, &posted_by_others_), absl::Seconds(30))) {
      return false;
    }
  }
  return RunPosted(posted_by_others_);
}

bool TestEngine::RunPosted(Tasks& from) {
  Tasks tasks;
  {
    const absl::MutexLock lock(&mutex_);
    tasks.swap(from);
  }
  for (const auto& task : tasks) task();
  return !tasks.empty();
}

void TestEngine::Forget(Client& client) {
  watches_.Forget(client);
  parking_.Forget(client);
  blocked_.Forget(client);
  messages_.Forget(client);
  client_limit_.Forget(client);
  clients_.Remove(client);
}

void TestEngine::OnEvent(NotifyFlag kind, std::string_view event, std::string_view key,
                         int database) {
  keyspace_events_.OnEvent(kind, event, key, database);
  events_.push_back(StrCat(database, " ", event, " ", key));
}

}  // namespace slotmesh::node
