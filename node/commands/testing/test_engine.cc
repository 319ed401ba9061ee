#include "node/commands/testing/test_engine.h"

#include <utility>

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
              .config = config_,
              .stats = stats_,
              .slow_log = slow_log_,
              .watches = watches_,
              .parking = parking_,
              .blocked = blocked_,
              .notifier = notifier_,
              .pause = pause_,
              .clock = clock_,
              .micros_per_tick = 1 / clock_.ticks_per_micro(),
              .random = random_},
      listener_(engine_),
      dispatcher_(engine_) {
  config_.cluster_enabled = options.cluster;
  if (options.configure) options.configure(config_);
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
}

std::vector<std::string> TestEngine::TakeEvents() { return std::exchange(events_, {}); }

void TestEngine::OnEvent(NotifyFlag, std::string_view event, std::string_view key, int database) {
  events_.push_back(StrCat(database, " ", event, " ", key));
}

}  // namespace slotmesh::node
