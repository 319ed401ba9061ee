// Active defragmentation of what modules have allocated: calls their callbacks in slices, while the
// directive activedefrag is on.
//
// Whether an allocation is better moved the allocator would have to say; as long as it is not asked,
// nothing is moved (DefragAlloc), but modules are called as they expect: each value of a type with a
// callback, big ones again and again with a cursor, then the modules' own functions, and so round
// and round. Engine thread only; a timer of its own, which begins with the first callback.
#ifndef SLOTMESH_MODULES_DEFRAGMENTER_H_
#define SLOTMESH_MODULES_DEFRAGMENTER_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "modules/data_type.h"
#include "modules/modules.h"
#include "modules/sdk/abi.h"

namespace slotmesh::modules {

class Defragmenter : public ModulePart {
 public:
  // Time of one slice, and between two.
  static constexpr int64_t kSliceNanos = 1'000'000;
  static constexpr std::chrono::milliseconds kPause{10};
  static constexpr std::chrono::milliseconds kPauseWhileOff{200};
  // Big values that wait for their turn; more of them are left to the next round.
  static constexpr size_t kLaterMax = 1024;

  explicit Defragmenter(Modules& modules) : modules_(modules) {}

  // There is something to call.
  void Begin();
  void Register(const Module& module, RedisModuleDefragFunc function);
  void RegisterEnds(const Module& module, RedisModuleDefragFunc start, RedisModuleDefragFunc end);

  void Forget(Module& module) override;

 private:
  struct Functions {
    const Module* module = nullptr;
    RedisModuleDefragFunc all = nullptr;
    RedisModuleDefragFunc start = nullptr;
    RedisModuleDefragFunc end = nullptr;
  };
  struct Later {
    int database = 0;
    std::string key;
    unsigned long cursor = 0;
  };

  Functions& Of(const Module& module);
  void Tick();
  void RunSlice();
  // False when the round is over.
  bool Step(int64_t deadline_ns);
  void VisitKeys();
  void Visit(int database, std::string_view name, int64_t deadline_ns);
  void CallAll(RedisModuleDefragFunc Functions::*function);

  Modules& modules_;
  bool ticking_ = false;
  bool in_round_ = false;
  int database_ = 0;
  uint64_t position_ = 0;  // Of the scan over the database.
  std::deque<Later> later_;
  std::vector<Functions> functions_;
};

}  // namespace slotmesh::modules

struct RedisModuleDefragCtx {
  int64_t deadline_ns = 0;  // Monotonic; 0: there is none.
  unsigned long* cursor = nullptr;
  slotmesh::modules::LazyName name{std::string_view()};
  int database = -1;
};

#endif  // SLOTMESH_MODULES_DEFRAGMENTER_H_
