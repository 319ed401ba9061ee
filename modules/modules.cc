#include "modules/modules.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "absl/strings/str_join.h"
#include "modules/api/groups.h"
#include "modules/command.h"
#include "modules/context.h"
#include "modules/data_type.h"
#include "modules/defragmenter.h"
#include "modules/get_api.h"
#include "modules/key.h"
#include "modules/process.h"
#include "modules/shared_functions.h"
#include "node/command/request_filter.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

using OnLoad = int (*)(RedisModuleCtx* ctx, RedisModuleString** argv, int argc);
using OnUnload = int (*)(RedisModuleCtx* ctx);

constexpr std::string_view kRedisPrefix = "RedisModule_";
constexpr std::string_view kValkeyPrefix = "ValkeyModule_";

// What a library calls its entry, under either prefix.
void* FindEntry(void* library, std::string_view name, std::string_view* prefix) {
  for (const std::string_view candidate : {kValkeyPrefix, kRedisPrefix}) {
    void* entry = dlsym(library, StrCat(candidate, name).c_str());
    if (entry == nullptr) continue;
    *prefix = candidate;
    return entry;
  }
  return nullptr;
}

std::string LastLibraryError() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

}  // namespace

int GetApi(const char* name, void* target) noexcept {
  Modules& modules = TheModules();
  void* function = modules.FindFunction(name);
  if (Module* module = modules.loading(); module != nullptr) {
    module->lineage = std::string_view(name).starts_with(kValkeyPrefix) ? Module::Lineage::kValkey
                                                                        : Module::Lineage::kRedis;
  }
  if (function == nullptr) return REDISMODULE_ERR;
  std::memcpy(target, &function, sizeof(function));
  return REDISMODULE_OK;
}

Modules::Modules(Host host) : host_(std::move(host)), keys_(std::make_unique<KeyPool>()) {
  types_ = &AddPart(std::make_unique<TypeTable>(host_.engine));
  defragmenter_ = &AddPart(std::make_unique<Defragmenter>(*this));
  shared_functions_ = &AddPart(std::make_unique<SharedFunctions>());
  for (const ApiGroup group : AllGroups()) {
    for (const ApiEntry& entry : group) {
      functions_.emplace(StrCat(kRedisPrefix, entry.name), entry.function);
      functions_.emplace(StrCat(kValkeyPrefix, entry.name), entry.function);
    }
  }
  SetTheModules(this);
  AddAllParts(*this);
}

Modules::~Modules() { SetTheModules(nullptr); }

void* Modules::FindFunction(std::string_view prefixed_name) const {
  const auto found = functions_.find(ToAbsl(prefixed_name));
  return found == functions_.end() ? nullptr : found->second;
}

Module* Modules::Find(std::string_view name) const {
  for (const auto& module : loaded_) {
    if (module->name == name) return module.get();
  }
  return nullptr;
}

void Modules::CallBack(Module* module, absl::FunctionRef<void(RedisModuleCtx&)> code) {
  RedisModuleCtx ctx(*this, module, RedisModuleCtx::Kind::kCallback, nullptr);
  const node::JournalScope unit(engine().journal);
  if (module != nullptr) ++module->calls;
  code(ctx);
  if (module != nullptr) --module->calls;
  RunUnitEnd();
  ctx.FreeTracked();
  TouchKeyspace();
}

void Modules::RunUnitEnd() {
  node::UnitEnd* end = engine().unit_end;
  if (end != nullptr && end->pending() && engine().journal.depth() == 1) end->Run();
}

void Modules::RunOutsideRequests(absl::FunctionRef<void()> work) {
  host_.dispatcher.BeginTurn();
  work();
  host_.dispatcher.ServeReadyKeys();
}

std::vector<std::string> Modules::DescribeModules() const {
  const auto list = [](const std::set<std::string>& names) {
    return StrCat("[", absl::StrJoin(names, "|"), "]");
  };
  constexpr std::pair<int, std::string_view> kOptions[] = {
      {Module::kHandlesIoErrors, "handle-io-errors"},
      {Module::kHandlesAsyncLoad, "handle-repl-async-load"},
      {Module::kSignalsModified, "no-implicit-signal-modified"},
  };
  std::vector<std::string> lines;
  for (const auto& module : loaded_) {
    std::vector<std::string> options;
    for (const auto& [option, name] : kOptions) {
      if (module->HasOption(option)) options.emplace_back(name);
    }
    lines.push_back(StrCat("name=", module->name, ",ver=", module->version,
                           ",api=", module->api_version,
                           ",filters=0,usedby=", list(shared_functions_->UsersOf(*module)),
                           ",using=", list(shared_functions_->UsedBy(*module)), ",options=[",
                           absl::StrJoin(options, "|"), "]"));
  }
  return lines;
}

absl::Status Modules::Open(Module& module) {
  struct stat about;
  // A path that is not there may be found by the loader's own search.
  if (stat(module.path.c_str(), &about) == 0 &&
      (about.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    return absl::PermissionDeniedError("It does not have execute permissions.");
  }
  module.library = dlopen(module.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module.library == nullptr) return absl::NotFoundError(LastLibraryError());
  return absl::OkStatus();
}

absl::Status Modules::CallOnLoad(Module& module, const LoadRequest& request) {
  std::string_view prefix;
  void* entry = FindEntry(module.library, "OnLoad", &prefix);
  if (entry == nullptr) {
    return absl::NotFoundError(
        "It exports neither ValkeyModule_OnLoad() nor RedisModule_OnLoad(). Is it a module?");
  }
  if (prefix == kRedisPrefix) {
    host_.log.Notice(StrCat("Legacy Redis Module ", module.path, " found"));
  }
  const std::vector<std::string_view> words(request.args.begin(), request.args.end());
  RedisModuleCtx ctx(*this, &module, RedisModuleCtx::Kind::kLoad, nullptr);
  RedisModuleString** argv = arg_frames_.Push(words);
  const int result = reinterpret_cast<OnLoad>(entry)(&ctx, argv, static_cast<int>(words.size()));
  arg_frames_.Pop();
  ctx.FreeTracked();
  if (module.name.empty()) {
    return absl::FailedPreconditionError(
        "Its OnLoad has not given it a name, or the name is busy.");
  }
  if (result != REDISMODULE_OK) {
    return absl::AbortedError(
        "Its OnLoad refused: its arguments may be wrong, or one of its commands or types exists "
        "already. Look at what it logged above.");
  }
  return absl::OkStatus();
}

absl::Status Modules::Load(LoadRequest request) {
  auto made = std::make_unique<Module>(request.path, request.args);
  Module& module = *made;
  loading_ = &module;
  given_configs_ = request.extended ? &request.configs : nullptr;
  absl::Status status = Open(module);
  if (status.ok()) status = CallOnLoad(module, request);
  for (size_t i = 0; status.ok() && i < parts_.size(); ++i) {
    status = parts_[i]->AfterLoad(module, request);
  }
  loading_ = nullptr;
  given_configs_ = nullptr;
  module.loading = false;
  if (!status.ok()) {
    host_.log.Warning(StrCat("Module ", module.path, " failed to load: ", ToStd(status.message())));
    Discard(module);
    // Those of a module that was loaded stay: rules may name them.
    engine().registry.categories().RemoveLast(module.categories);
    gone_.push_back(std::move(made));
    return absl::AbortedError("Error loading the extension. Please check the server logs.");
  }
  host_.log.Notice(StrCat("Module '", module.name, "' loaded from ", module.path));
  loaded_.push_back(std::move(made));
  for (const auto& part : parts_) part->OnLoaded(module);
  return absl::OkStatus();
}

absl::Status Modules::Unload(std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    host_.log.Warning(StrCat("Error unloading module ", name, ": ", why));
    return absl::FailedPreconditionError(StrCat("Error unloading module: ", why));
  };
  const auto at = std::find_if(loaded_.begin(), loaded_.end(),
                               [name](const auto& module) { return module->name == name; });
  if (at == loaded_.end()) return refuse("no such module with that name");
  Module& module = **at;
  for (const auto& part : parts_) {
    const std::string_view why = part->HoldsBack(module);
    if (!why.empty()) return refuse(why);
  }
  if (module.calls > 0) return refuse("the module's code is running");
  std::string_view prefix;
  if (void* entry = FindEntry(module.library, "OnUnload", &prefix); entry != nullptr) {
    int result = REDISMODULE_OK;
    CallBack(&module,
             [&](RedisModuleCtx& ctx) { result = reinterpret_cast<OnUnload>(entry)(&ctx); });
    if (result != REDISMODULE_OK) {
      host_.log.Warning(StrCat("Module ", name, " OnUnload failed. Unload canceled."));
      return refuse("operation not possible.");
    }
  }
  for (const auto& part : parts_) part->OnUnloaded(module);
  Discard(module);
  host_.log.Notice(StrCat("Module ", module.name, " unloaded"));
  gone_.push_back(std::move(*at));
  loaded_.erase(at);
  return absl::OkStatus();
}

void Modules::Discard(Module& module) {
  module.unloaded = true;
  for (const auto& command : module.commands) {
    if (command->container == nullptr && command->command != nullptr) {
      engine().registry.Remove(*command->command);
    }
  }
  for (const auto& part : parts_) part->Forget(module);
  if (module.library != nullptr && dlclose(module.library) != 0) {
    host_.log.Warning(
        StrCat("Error when trying to close the ", module.name, " module: ", LastLibraryError()));
  }
  module.library = nullptr;
}

absl::Status Modules::LoadConfigured() {
  starting_ = true;
  for (const std::vector<std::string>& words : engine().config.loadmodule) {
    LoadRequest request{.path = words[0], .args = {words.begin() + 1, words.end()}};
    if (!Load(std::move(request)).ok()) {
      return absl::AbortedError(StrCat("Can't load module from ", words[0], ": server aborting"));
    }
  }
  starting_ = false;
  if (!host_.settings.unclaimed().empty()) {
    host_.log.Warning(
        "Module Configuration detected without loadmodule directive or no ApplyConfig call: "
        "aborting");
    return absl::AbortedError(
        StrCat("nobody knows the setting ", host_.settings.unclaimed().front().first));
  }
  return absl::OkStatus();
}

}  // namespace slotmesh::modules
