// Command filters: modules that see, and may change, the words of requests before they are looked
// up.
#include <algorithm>
#include <climits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/string.h"
#include "node/command/request_filter.h"

struct RedisModuleCommandFilter {
  slotmesh::modules::Module* module = nullptr;
  RedisModuleCommandFilterFunc function = nullptr;
  int flags = 0;
};

// One request on its way through the filters.
struct RedisModuleCommandFilterCtx {
  explicit RedisModuleCommandFilterCtx(slotmesh::node::Client& whose) : client(whose) {}
  ~RedisModuleCommandFilterCtx() {
    for (RedisModuleString* word : words) word->Release();
  }
  RedisModuleCommandFilterCtx(const RedisModuleCommandFilterCtx&) = delete;
  RedisModuleCommandFilterCtx& operator=(const RedisModuleCommandFilterCtx&) = delete;

  bool Has(int position) const {
    return position >= 0 && static_cast<size_t>(position) < words.size();
  }

  slotmesh::node::Client& client;
  std::vector<RedisModuleString*> words;
  bool changed = false;
};

namespace slotmesh::modules {
namespace {

class CommandFilterPart : public ModulePart, public node::RequestFilter {
 public:
  explicit CommandFilterPart(Modules& modules) : modules_(modules) {}

  ~CommandFilterPart() override { modules_.engine().request_filter = nullptr; }

  void Forget(Module& module) override {
    std::erase_if(filters_, [&](const auto& filter) { return filter->module == &module; });
    Attach();
  }

  RedisModuleCommandFilter* Add(Module* module, RedisModuleCommandFilterFunc function, int flags) {
    filters_.push_back(std::make_unique<RedisModuleCommandFilter>(
        RedisModuleCommandFilter{module, function, flags}));
    Attach();
    return filters_.back().get();
  }
  bool Remove(const Module* module, const RedisModuleCommandFilter* filter) {
    const bool removed = std::erase_if(filters_, [&](const auto& one) {
                           return one.get() == filter && one->module == module;
                         }) != 0;
    Attach();
    return removed;
  }

  node::Args Apply(node::Client& client, node::Args args, node::OwnedArgs* held) override {
    RedisModuleCommandFilterCtx request(client);
    for (const std::string_view word : args) {
      request.words.push_back(new RedisModuleString(word));
    }
    // A filter may remove itself, or another.
    for (size_t i = 0; i < filters_.size(); ++i) {
      const RedisModuleCommandFilter& filter = *filters_[i];
      const bool own = (filter.flags & REDISMODULE_CMDFILTER_NOSELF) != 0;
      if (own && filter.module->calls > 0) continue;
      filter.function(&request);
    }
    if (!request.changed || request.words.empty()) return args;
    std::vector<std::string_view> views;
    for (const RedisModuleString* word : request.words) views.push_back(word->view());
    *held = node::OwnedArgs(views);
    return held->view();
  }

 private:
  void Attach() { modules_.engine().request_filter = filters_.empty() ? nullptr : this; }

  Modules& modules_;
  std::vector<std::unique_ptr<RedisModuleCommandFilter>> filters_;
};

RedisModuleCommandFilter* RegisterCommandFilter(RedisModuleCtx* ctx,
                                                RedisModuleCommandFilterFunc function,
                                                int flags) noexcept {
  return ctx->modules.part<CommandFilterPart>().Add(ctx->module, function, flags);
}

int UnregisterCommandFilter(RedisModuleCtx* ctx, RedisModuleCommandFilter* filter) noexcept {
  return ctx->modules.part<CommandFilterPart>().Remove(ctx->module, filter) ? REDISMODULE_OK
                                                                            : REDISMODULE_ERR;
}

int CommandFilterArgsCount(RedisModuleCommandFilterCtx* request) noexcept {
  return static_cast<int>(request->words.size());
}

RedisModuleString* CommandFilterArgGet(RedisModuleCommandFilterCtx* request,
                                       int position) noexcept {
  return request->Has(position) ? request->words[static_cast<size_t>(position)] : nullptr;
}

// These two take over the caller's reference to the word.
int CommandFilterArgInsert(RedisModuleCommandFilterCtx* request, int position,
                           RedisModuleString* word) noexcept {
  if (position < 0 || static_cast<size_t>(position) > request->words.size()) {
    return REDISMODULE_ERR;
  }
  request->words.insert(request->words.begin() + position, word);
  request->changed = true;
  return REDISMODULE_OK;
}
int CommandFilterArgReplace(RedisModuleCommandFilterCtx* request, int position,
                            RedisModuleString* word) noexcept {
  if (!request->Has(position)) return REDISMODULE_ERR;
  std::exchange(request->words[static_cast<size_t>(position)], word)->Release();
  request->changed = true;
  return REDISMODULE_OK;
}

int CommandFilterArgDelete(RedisModuleCommandFilterCtx* request, int position) noexcept {
  if (!request->Has(position)) return REDISMODULE_ERR;
  request->words[static_cast<size_t>(position)]->Release();
  request->words.erase(request->words.begin() + position);
  request->changed = true;
  return REDISMODULE_OK;
}

// 0 would be no client at all: scripts' and modules' own commands have one that no connection has.
unsigned long long CommandFilterGetClientId(RedisModuleCommandFilterCtx* request) noexcept {
  constexpr unsigned long long kNoConnection = ULLONG_MAX;
  return request->client.id() == 0 ? kNoConnection : request->client.id();
}

const ApiEntry kFunctions[] = {
    {"RegisterCommandFilter", &RegisterCommandFilter},
    {"UnregisterCommandFilter", &UnregisterCommandFilter},
    {"CommandFilterArgsCount", &CommandFilterArgsCount},
    {"CommandFilterArgGet", &CommandFilterArgGet},
    {"CommandFilterArgInsert", &CommandFilterArgInsert},
    {"CommandFilterArgReplace", &CommandFilterArgReplace},
    {"CommandFilterArgDelete", &CommandFilterArgDelete},
    {"CommandFilterGetClientId", &CommandFilterGetClientId},
};

}  // namespace

ApiGroup CommandFilterFunctions() { return kFunctions; }

void AddCommandFilterPart(Modules& modules) {
  modules.AddPart(std::make_unique<CommandFilterPart>(modules));
}

}  // namespace slotmesh::modules
