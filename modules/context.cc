#include "modules/context.h"

#include <cstdlib>
#include <string_view>

#include "modules/get_api.h"
#include "modules/modules.h"
#include "slots/strings.h"

using slotmesh::modules::AutoFreed;

RedisModuleCtx::RedisModuleCtx(slotmesh::modules::Modules& server, slotmesh::modules::Module* whose,
                               Kind what, slotmesh::node::Client* for_client)
    : get_api(&slotmesh::modules::GetApi),
      modules(server),
      module(whose),
      kind(what),
      client(for_client),
      database(for_client == nullptr ? 0 : for_client->database) {}

RedisModuleCtx::~RedisModuleCtx() {
  FreeTracked();
  for (void* block : pool) std::free(block);
}

slotmesh::node::Engine& RedisModuleCtx::engine() const { return modules.engine(); }

slotmesh::node::Database& RedisModuleCtx::db() const {
  return engine().keyspace.database(database);
}

bool RedisModuleCtx::Untrack(void* thing) {
  // What was made last goes first, as a rule.
  for (size_t i = tracked.size(); i > 0; --i) {
    if (tracked[i - 1].thing != thing) continue;
    tracked.erase(tracked.begin() + static_cast<ptrdiff_t>(i - 1));
    return true;
  }
  return false;
}

void RedisModuleCtx::FreeTracked() {
  // Freeing one may untrack others (a reply its elements).
  while (!tracked.empty()) {
    const AutoFreed last = tracked.back();
    tracked.pop_back();
    last.free(last.thing);
  }
}

void RedisModuleCtx::LogWarning(std::string_view text) const {
  modules.host().log.Warning(
      slotmesh::StrCat("<", module == nullptr ? std::string("module") : module->name, "> ", text));
}
