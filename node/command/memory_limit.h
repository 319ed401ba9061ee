// maxmemory: keeps the memory in use under its limit by evicting keys, and says when that fails.
//
// Enforce() runs before each client's command and evicts for a bounded time, which
// maxmemory-eviction-tenacity sets; what is left goes on in the background, Continue() by
// Continue(), while commands are served. So memory may pass the limit by what commands add while
// the background is still behind; every command evicts for its time, too. Not counted are the
// buffers that AddUncounted() names (for copies of data on their way to replicas and files:
// evicting keys would make them larger). Nothing is evicted while a pause of clients lasts, where
// another node decides what keys there are, or without the lease that a change needs.
//
// Engine thread only. Borrows the engine and the gauge. Cost under the limit: two loads.
#ifndef SLOTMESH_NODE_COMMAND_MEMORY_LIMIT_H_
#define SLOTMESH_NODE_COMMAND_MEMORY_LIMIT_H_

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "node/command/engine.h"
#include "node/config/config_store.h"
#include "node/keyspace/evictor.h"
#include "node/stats/memory_gauge.h"

namespace slotmesh::node {

class MemoryLimit {
 public:
  // Keys evicted between two looks at the time.
  static constexpr uint64_t kKeysPerLook = 16;
  // Searches in vain, one after the other, after which the next is left to the background.
  static constexpr uint64_t kSearchesMax = 64;

  enum class State : uint8_t {
    kFits = 0,
    kEvicting = 1,  // Over the limit; the background goes on.
    kFull = 2,      // Over the limit, and nothing may be evicted.
  };

  MemoryLimit(Engine& engine, const MemoryGauge& gauge)
      : engine_(engine), gauge_(gauge), evictor_(engine.keyspace) {}
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  // Takes the settings over, now and whenever they change.
  void FollowSettings(ConfigStore& store);
  // Called when there is work for Continue(): it is to be called once, soon.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }
  // Bytes that are in use but do not count.
  void AddUncounted(std::function<uint64_t()> bytes) { uncounted_.push_back(std::move(bytes)); }
  // How many values wait to be freed in the background: while there are some, memory that cannot be
  // had by evicting is about to come free.
  void set_pending_frees(std::function<uint64_t()> count) { pending_frees_ = std::move(count); }

  // Before a client's command.
  State Enforce();
  // A step in the background.
  void Continue();
  // What the last Enforce() said: for commands inside of scripts and modules.
  State state() const { return state_; }

  uint64_t used_bytes() const { return gauge_.used_bytes(); }
  uint64_t uncounted_bytes() const;
  // Time spent over the limit: since it was passed (0 if it is not), and altogether before.
  int64_t exceeded_micros() const;
  int64_t exceeded_micros_before() const { return exceeded_micros_; }
  void ResetStats() { exceeded_micros_ = 0; }

 private:
  uint64_t counted_bytes() const;
  bool MayEvict() const;
  State Evict(uint64_t excess);
  Evictor::Outcome EvictOne(uint64_t* freed);
  void AddLatency(std::string_view event, int64_t nanos) const;
  void NoteState(State state);

  Engine& engine_;
  const MemoryGauge& gauge_;
  Evictor evictor_;
  std::function<void()> wake_;
  std::function<uint64_t()> pending_frees_;
  std::vector<std::function<uint64_t()>> uncounted_;
  State state_ = State::kFits;
  bool in_background_ = false;
  int64_t exceeded_since_ns_ = 0;  // 0: it is not.
  int64_t exceeded_micros_ = 0;
};

// Microseconds that an eviction may take; tenacity is 0 to 100, which means no limit.
int64_t EvictionBudgetMicros(int64_t tenacity);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_MEMORY_LIMIT_H_
