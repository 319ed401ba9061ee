#include "modules/defragmenter.h"

#include <algorithm>

#include "modules/string.h"

namespace slotmesh::modules {

void Defragmenter::Begin() {
  if (ticking_) return;
  ticking_ = true;
  modules_.host().post_after(kPauseWhileOff, [this] { Tick(); });
}

Defragmenter::Functions& Defragmenter::Of(const Module& module) {
  Begin();
  const auto found = std::find_if(functions_.begin(), functions_.end(),
                                  [&](const Functions& one) { return one.module == &module; });
  if (found != functions_.end()) return *found;
  return functions_.emplace_back(Functions{.module = &module});
}

void Defragmenter::Register(const Module& module, RedisModuleDefragFunc function) {
  Of(module).all = function;
}

void Defragmenter::RegisterEnds(const Module& module, RedisModuleDefragFunc start,
                                RedisModuleDefragFunc end) {
  Functions& functions = Of(module);
  functions.start = start;
  functions.end = end;
}

void Defragmenter::Forget(Module& module) {
  std::erase_if(functions_, [&](const Functions& one) { return one.module == &module; });
}

void Defragmenter::Tick() {
  const bool on = modules_.engine().config.activedefrag && !modules_.engine().loading.active;
  if (on) RunSlice();
  modules_.host().post_after(on ? kPause : kPauseWhileOff, [this] { Tick(); });
}

void Defragmenter::RunSlice() {
  node::Clock& clock = modules_.engine().clock;
  const int64_t deadline = clock.MonotonicNanos() + kSliceNanos;
  do {
    if (!Step(deadline)) return;
  } while (clock.MonotonicNanos() < deadline);
}

bool Defragmenter::Step(int64_t deadline_ns) {
  if (!in_round_) {
    in_round_ = true;
    CallAll(&Functions::start);
  }
  if (!later_.empty()) {
    const Later next = later_.front();
    Visit(next.database, next.key, deadline_ns);
    return true;
  }
  if (database_ < modules_.engine().keyspace.database_count()) {
    VisitKeys();
    return true;
  }
  CallAll(&Functions::all);
  CallAll(&Functions::end);
  database_ = 0;
  in_round_ = false;
  return false;
}

void Defragmenter::CallAll(RedisModuleDefragFunc Functions::*function) {
  for (const Functions& functions : functions_) {
    if (functions.*function == nullptr) continue;
    RedisModuleDefragCtx ctx;
    (functions.*function)(&ctx);
  }
}

// One step of the scan. What takes one call is done, what takes more comes later.
void Defragmenter::VisitKeys() {
  node::Engine& engine = modules_.engine();
  const auto fields_max = static_cast<uint64_t>(engine.config.active_defrag_max_scan_fields);
  std::vector<std::string> names;
  position_ = engine.keyspace.database(database_).Scan(position_, -1, [&](const node::Entry& entry) {
    if (entry.kind() != node::ValueKind::kModule) return;
    const auto& type = static_cast<const RedisModuleType&>(*entry.object()->type);
    if (type.methods.defrag == nullptr) return;
    const bool is_big = entry.FreeEffort(database_) > fields_max;
    if (is_big && later_.size() >= kLaterMax) return;
    if (is_big) {
      later_.push_back({.database = database_, .key = std::string(entry.key())});
    } else {
      names.emplace_back(entry.key());
    }
  });
  for (const std::string& name : names) Visit(database_, name, 0);
  if (position_ == 0) ++database_;
}

// `deadline_ns` is 0 of a value that takes one call.
void Defragmenter::Visit(int database, std::string_view name, int64_t deadline_ns) {
  node::Engine& engine = modules_.engine();
  const node::EntryRef ref = engine.keyspace.database(database).FindWrite(
      node::HashKey(engine.keyspace, name), engine.now_ms);
  const bool comes_back = deadline_ns != 0;
  int more = 0;
  if (ref && ref->kind() == node::ValueKind::kModule) {
    auto& value = static_cast<ModuleValue&>(*ref->object());
    const auto& type = static_cast<const RedisModuleType&>(*value.type);
    RedisModuleDefragCtx ctx{.deadline_ns = deadline_ns,
                             .cursor = comes_back ? &later_.front().cursor : nullptr,
                             .name = LazyName(ref->key()),
                             .database = database};
    if (type.methods.defrag != nullptr) {
      more = type.methods.defrag(&ctx, ctx.name.get(), &value.value);
    }
  }
  if (comes_back && more == 0) later_.pop_front();
}

}  // namespace slotmesh::modules
