#include "node/command/memory_limit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "node/command/request_filter.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kNanosPerMicro = 1000;
constexpr int64_t kMicrosPerMilli = 1000;
constexpr int64_t kMillisPerSecond = 1000;

// Up to a tenacity of 10 the budget grows by 50 us a step, above by 15 per cent.
constexpr int64_t kLinearTenacityMax = 10;
constexpr int64_t kMicrosPerTenacity = 50;
constexpr double kGrowthPerTenacity = 1.15;
constexpr int64_t kNoLimitTenacity = 100;

EvictionSettings SettingsOf(const Config& config) {
  EvictionSettings settings;
  settings.samples = static_cast<size_t>(config.maxmemory_samples);
  settings.lazy = config.lazyfree_lazy_eviction;
  const auto choose = [&](EvictionOrder order, bool expiring_only) {
    settings.order = order;
    settings.expiring_only = expiring_only;
    return settings;
  };
  switch (config.maxmemory_policy) {
    case MaxmemoryPolicy::kVolatileLru:
      return choose(EvictionOrder::kLru, true);
    case MaxmemoryPolicy::kVolatileLfu:
      return choose(EvictionOrder::kLfu, true);
    case MaxmemoryPolicy::kVolatileRandom:
      return choose(EvictionOrder::kRandom, true);
    case MaxmemoryPolicy::kVolatileTtl:
      return choose(EvictionOrder::kTtl, true);
    case MaxmemoryPolicy::kAllkeysLru:
      return choose(EvictionOrder::kLru, false);
    case MaxmemoryPolicy::kAllkeysLfu:
      return choose(EvictionOrder::kLfu, false);
    case MaxmemoryPolicy::kAllkeysRandom:
      return choose(EvictionOrder::kRandom, false);
    case MaxmemoryPolicy::kNoEviction:
      break;
  }
  return choose(EvictionOrder::kNone, false);
}

}  // namespace

int64_t EvictionBudgetMicros(int64_t tenacity) {
  if (tenacity >= kNoLimitTenacity) return std::numeric_limits<int64_t>::max() / kNanosPerMicro;
  if (tenacity <= kLinearTenacityMax) return tenacity * kMicrosPerTenacity;
  const double most = static_cast<double>(kLinearTenacityMax * kMicrosPerTenacity);
  return static_cast<int64_t>(
      most * std::pow(kGrowthPerTenacity, static_cast<double>(tenacity - kLinearTenacityMax)));
}

void MemoryLimit::FollowSettings(ConfigStore& store) {
  evictor_.set_settings(SettingsOf(store.config()));
  store.OnChange({"maxmemory-policy", "maxmemory-samples", "lazyfree-lazy-eviction"},
                 [this](const Config& config) {
                   evictor_.set_settings(SettingsOf(config));
                   return absl::OkStatus();
                 });
  store.OnChange({"maxmemory"}, [this](const Config& config) {
    if (config.maxmemory != 0 && wake_ && !in_background_) {
      in_background_ = true;
      wake_();
    }
    return absl::OkStatus();
  });
}

uint64_t MemoryLimit::uncounted_bytes() const {
  uint64_t bytes = 0;
  for (const auto& part : uncounted_) bytes += part();
  return bytes;
}

uint64_t MemoryLimit::counted_bytes() const {
  const uint64_t used = gauge_.used_bytes();
  if (uncounted_.empty()) return used;
  return used - std::min(used, uncounted_bytes());
}

int64_t MemoryLimit::exceeded_micros() const {
  if (exceeded_since_ns_ == 0) return 0;
  return (engine_.clock.MonotonicNanos() - exceeded_since_ns_) / kNanosPerMicro;
}

MemoryLimit::State MemoryLimit::Enforce() {
  const uint64_t limit = engine_.config.maxmemory;
  const uint64_t counted = limit == 0 ? 0 : counted_bytes();
  if (counted <= limit || !MayEvict()) [[likely]] {
    NoteState(State::kFits);
  } else {
    NoteState(Evict(counted - limit));
  }
  return state_;
}

void MemoryLimit::Continue() {
  in_background_ = false;
  Enforce();
}

bool MemoryLimit::MayEvict() const {
  if (engine_.loading.active) return false;
  if (engine_.pause.active(engine_.now_ms) != Pause::Kind::kNone) return false;
  if (engine_.keyspace.expiry_mode() != ExpiryMode::kDelete) return false;
  return engine_.gate == nullptr || engine_.gate->MayAcknowledge();
}

MemoryLimit::State MemoryLimit::Evict(uint64_t excess) {
  const int64_t begin = engine_.clock.MonotonicNanos();
  const int64_t budget_ns =
      EvictionBudgetMicros(engine_.config.maxmemory_eviction_tenacity) * kNanosPerMicro;
  const auto spent = [&] { return engine_.clock.MonotonicNanos() - begin; };
  const bool lazy = evictor_.settings().lazy;
  State state = State::kFits;
  uint64_t freed = 0;
  uint64_t searches = 0;
  for (uint64_t rounds = 1; freed < excess; ++rounds) {
    const Evictor::Outcome outcome = EvictOne(&freed);
    if (outcome == Evictor::Outcome::kNothing) {
      const bool more_to_come = pending_frees_ && pending_frees_() > 0;
      state = more_to_come ? State::kEvicting : State::kFull;
      break;
    }
    searches = outcome == Evictor::Outcome::kSearching ? searches + 1 : 0;
    if (rounds % kKeysPerLook != 0) continue;
    // What is freed in the background was not seen by `freed`.
    if (lazy && counted_bytes() <= engine_.config.maxmemory) break;
    if (searches >= kSearchesMax || spent() > budget_ns) {
      state = State::kEvicting;
      break;
    }
  }
  AddLatency("eviction-cycle", spent());
  return state;
}

Evictor::Outcome MemoryLimit::EvictOne(uint64_t* freed) {
  const bool timed = engine_.config.latency_monitor_threshold != 0;
  const int64_t begin = timed ? engine_.clock.MonotonicNanos() : 0;
  uint64_t before = 0;
  // What modules do about it goes out with it.
  const JournalScope unit(engine_.journal);
  const Evictor::Outcome outcome =
      evictor_.EvictOne(engine_.now_ms, engine_.random, [&](bool gone) {
        if (!gone) {
          before = gauge_.used_bytes();
        } else {
          *freed += before - std::min(before, gauge_.used_bytes());
          if (timed) AddLatency("eviction-del", engine_.clock.MonotonicNanos() - begin);
        }
      });
  const bool outermost = engine_.journal.depth() == 1;
  if (outermost && engine_.unit_end != nullptr && engine_.unit_end->pending()) {
    engine_.unit_end->Run();
  }
  return outcome;
}

void MemoryLimit::AddLatency(std::string_view event, int64_t nanos) const {
  const int64_t threshold = engine_.config.latency_monitor_threshold;
  const int64_t millis = nanos / kNanosPerMicro / kMicrosPerMilli;
  if (threshold == 0 || millis < threshold || engine_.latency_monitor == nullptr) return;
  engine_.latency_monitor->Add(event, engine_.now_ms / kMillisPerSecond, millis);
}

void MemoryLimit::NoteState(State state) {
  state_ = state;
  if (state == State::kFits) {
    exceeded_micros_ += exceeded_micros();
    exceeded_since_ns_ = 0;
    return;
  }
  if (exceeded_since_ns_ == 0) exceeded_since_ns_ = engine_.clock.MonotonicNanos();
  if (state != State::kEvicting || in_background_ || !wake_) return;
  in_background_ = true;
  wake_();
}

}  // namespace slotmesh::node
