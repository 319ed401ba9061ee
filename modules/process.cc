#include "modules/process.h"

#include <atomic>

#include "slots/check.h"

namespace slotmesh::modules {
namespace {

// See the header for why this may be one.
std::atomic<Modules*> the_modules{nullptr};

}  // namespace

Modules& TheModules() {
  Modules* modules = the_modules.load(std::memory_order_acquire);
  CHECK(modules != nullptr);
  return *modules;
}

void SetTheModules(Modules* modules) {
  CHECK(modules == nullptr || the_modules.load(std::memory_order_acquire) == nullptr);
  the_modules.store(modules, std::memory_order_release);
}

}  // namespace slotmesh::modules
