// Settings of modules: in CONFIG GET, SET and REWRITE, in configuration files and in MODULE LOADEX,
// as module.name.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/module_config.h"
#include "modules/modules.h"
#include "modules/string.h"
#include "node/config/config_extension.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

constexpr uint64_t kFlags = REDISMODULE_CONFIG_IMMUTABLE | REDISMODULE_CONFIG_SENSITIVE |
                            REDISMODULE_CONFIG_HIDDEN | REDISMODULE_CONFIG_PROTECTED |
                            REDISMODULE_CONFIG_DENY_LOADING | REDISMODULE_CONFIG_MEMORY |
                            REDISMODULE_CONFIG_BITFLAGS | REDISMODULE_CONFIG_UNPREFIXED;

bool IsConfigName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

class ConfigPart : public ModulePart, public node::ConfigExtension {
 public:
  explicit ConfigPart(Modules& modules) : modules_(modules) {
    modules.host().settings.set_extension(this);
  }
  ~ConfigPart() override { modules_.host().settings.set_extension(nullptr); }

  // ModulePart.
  absl::Status AfterLoad(Module& module, const LoadRequest& request) override;
  void Forget(Module& module) override {
    std::erase_if(configs_, [&](const auto& config) { return config->module == &module; });
    std::erase(ready_, &module);
  }

  // 0, or the errno that says why not.
  int Register(RedisModuleCtx* ctx, const char* name, unsigned int flags, ModuleConfig config);
  // Gives the module its values: from LOADEX, the file, or defaults.
  bool LoadValues(Module& module);

  // ConfigExtension.
  std::vector<Setting> Settings() const override;
  bool Has(std::string_view name) const override { return Find(name) != nullptr; }
  absl::Status CheckSettable(std::string_view name, bool local) const override;
  absl::Status Set(absl::Span<const NameValue> changes, std::string* failed) override;
  std::vector<std::string> LoadLines() const override;

 private:
  ModuleConfig* Find(std::string_view name) const {
    const auto found = std::find_if(configs_.begin(), configs_.end(), [&](const auto& config) {
      return EqualsIgnoreCase(config->full_name, name);
    });
    return found == configs_.end() ? nullptr : found->get();
  }
  absl::Status Apply(absl::Span<ModuleConfig* const> changed, std::string* failed);
  // Takes the value that LOADEX or a file has for it.
  std::optional<std::string> TakeGiven(const ModuleConfig& config);

  Modules& modules_;
  std::vector<std::unique_ptr<ModuleConfig>> configs_;  // In the order of registering.
  std::vector<Module*> ready_;                          // Have called LoadConfigs.
};

int ConfigPart::Register(RedisModuleCtx* ctx, const char* name, unsigned int flags,
                         ModuleConfig config) {
  if (ctx->module == nullptr || !ctx->module->loading) return EBUSY;
  if ((flags & ~kFlags) != 0 || !IsConfigName(name)) return EINVAL;
  const bool numeric = std::holds_alternative<NumericConfig>(config.kind);
  const bool enumerated = std::holds_alternative<EnumConfig>(config.kind);
  if ((flags & REDISMODULE_CONFIG_MEMORY) != 0 && !numeric) return EINVAL;
  if ((flags & REDISMODULE_CONFIG_BITFLAGS) != 0 && !enumerated) return EINVAL;
  config.module = ctx->module;
  config.name = name;
  config.flags = flags;
  config.full_name = config.Has(REDISMODULE_CONFIG_UNPREFIXED)
                         ? config.name
                         : StrCat(ctx->module->name, ".", name);
  const std::string_view names[] = {config.full_name};
  if (Find(config.full_name) != nullptr || !ctx->modules.host().settings.Get(names).empty()) {
    return EALREADY;
  }
  configs_.push_back(std::make_unique<ModuleConfig>(std::move(config)));
  return 0;
}

// What is given twice has its last value.
std::optional<std::string> ConfigPart::TakeGiven(const ModuleConfig& config) {
  const auto is_its = [&](const NameValue& one) {
    return EqualsIgnoreCase(one.first, config.full_name);
  };
  for (auto* given : {modules_.given_configs(), &modules_.host().settings.unclaimed()}) {
    if (given == nullptr) continue;
    const auto found = std::find_if(given->rbegin(), given->rend(), is_its);
    if (found == given->rend()) continue;
    std::string value = std::move(found->second);
    std::erase_if(*given, is_its);
    return value;
  }
  return std::nullopt;
}

bool ConfigPart::LoadValues(Module& module) {
  for (const auto& config : configs_) {
    if (config->module != &module) continue;
    const std::optional<std::string> given = TakeGiven(*config);
    const absl::Status status = config->Set(given.value_or(config->Default()));
    if (status.ok()) continue;
    modules_.host().log.Warning(
        given.has_value() ? StrCat("Issue during loading of configuration ", config->full_name,
                                   " : ", ToStd(status.message()))
                          : StrCat("Issue attempting to set default value of configuration ",
                                   config->name, " : ", ToStd(status.message())));
    return false;
  }
  ready_.push_back(&module);
  return true;
}

absl::Status ConfigPart::AfterLoad(Module& module, const LoadRequest& request) {
  const bool has = std::any_of(configs_.begin(), configs_.end(),
                               [&](const auto& config) { return config->module == &module; });
  if (has && std::find(ready_.begin(), ready_.end(), &module) == ready_.end()) {
    return absl::FailedPreconditionError(
        "Module Configurations were not set, likely a missing LoadConfigs call. Unloading the "
        "module.");
  }
  if (modules_.given_configs() != nullptr && !modules_.given_configs()->empty()) {
    return absl::InvalidArgumentError(
        "Loadex configurations were not applied, likely due to invalid arguments. Unloading the "
        "module.");
  }
  return absl::OkStatus();
}

std::vector<node::ConfigExtension::Setting> ConfigPart::Settings() const {
  std::vector<Setting> settings;
  for (const auto& config : configs_) {
    Setting setting{.name = config->full_name, .value = config->Value()};
    setting.hidden = config->Has(REDISMODULE_CONFIG_HIDDEN);
    setting.is_default = setting.value == config->Default();
    settings.push_back(std::move(setting));
  }
  return settings;
}

absl::Status ConfigPart::CheckSettable(std::string_view name, bool local) const {
  const ModuleConfig& config = *Find(name);
  if (config.Has(REDISMODULE_CONFIG_IMMUTABLE)) {
    return absl::FailedPreconditionError("can't set immutable config");
  }
  if (config.Has(REDISMODULE_CONFIG_DENY_LOADING) && modules_.engine().loading.active) {
    return absl::FailedPreconditionError("can't set config while loading");
  }
  using node::ProtectedAction;
  const ProtectedAction allowed = modules_.engine().config.enable_protected_configs;
  const bool may =
      allowed == ProtectedAction::kYes || (allowed == ProtectedAction::kLocal && local);
  if (config.Has(REDISMODULE_CONFIG_PROTECTED) && !may) {
    return absl::PermissionDeniedError("can't set protected config");
  }
  return absl::OkStatus();
}

absl::Status ConfigPart::Set(absl::Span<const NameValue> changes, std::string* failed) {
  std::vector<ModuleConfig*> changed;
  std::vector<std::string> before;
  absl::Status status;
  for (const auto& [name, value] : changes) {
    ModuleConfig* config = Find(name);
    std::string old = config->Value();
    if (old == value) continue;
    status = config->Set(value);
    if (!status.ok()) {
      *failed = name;
      break;
    }
    changed.push_back(config);
    before.push_back(std::move(old));
  }
  if (status.ok()) status = Apply(changed, failed);
  if (status.ok()) return status;
  for (size_t i = 0; i < changed.size(); ++i) changed[i]->Set(before[i]).IgnoreError();
  std::string ignored;
  Apply(changed, &ignored).IgnoreError();
  return status;
}

// Each function once, though several settings share it.
absl::Status ConfigPart::Apply(absl::Span<ModuleConfig* const> changed, std::string* failed) {
  std::vector<std::pair<RedisModuleConfigApplyFunc, void*>> done;
  for (ModuleConfig* config : changed) {
    const auto call = std::make_pair(config->apply, config->private_data);
    if (config->apply == nullptr || std::find(done.begin(), done.end(), call) != done.end()) {
      continue;
    }
    done.push_back(call);
    RedisModuleString* error = nullptr;
    int result = REDISMODULE_OK;
    modules_.CallBack(config->module, [&](RedisModuleCtx& ctx) {
      result = config->apply(&ctx, config->private_data, &error);
    });
    const std::string text(error == nullptr ? std::string_view() : error->view());
    if (error != nullptr) error->Release();
    if (result == REDISMODULE_OK) continue;
    *failed = config->full_name;
    return absl::InvalidArgumentError(text);
  }
  return absl::OkStatus();
}

std::vector<std::string> ConfigPart::LoadLines() const {
  std::vector<std::string> lines;
  for (const auto& module : modules_.loaded()) {
    std::string line = StrCat("loadmodule ", node::QuoteArg(module->path));
    for (const std::string& word : module->args) line += StrCat(" ", node::QuoteArg(word));
    lines.push_back(std::move(line));
  }
  return lines;
}

int Result(int error) {
  errno = error;
  return error == 0 ? REDISMODULE_OK : REDISMODULE_ERR;
}

int Add(RedisModuleCtx* ctx, const char* name, unsigned int flags,
        std::variant<BoolConfig, NumericConfig, StringConfig, EnumConfig> kind,
        RedisModuleConfigApplyFunc apply, void* private_data) {
  ModuleConfig config;
  config.kind = std::move(kind);
  config.apply = apply;
  config.private_data = private_data;
  return Result(ctx->modules.part<ConfigPart>().Register(ctx, name, flags, std::move(config)));
}

int RegisterBoolConfig(RedisModuleCtx* ctx, const char* name, int default_value, unsigned int flags,
                       RedisModuleConfigGetBoolFunc get, RedisModuleConfigSetBoolFunc set,
                       RedisModuleConfigApplyFunc apply, void* private_data) noexcept {
  return Add(ctx, name, flags, BoolConfig{default_value != 0, get, set}, apply, private_data);
}

int RegisterNumericConfig(RedisModuleCtx* ctx, const char* name, long long default_value,
                          unsigned int flags, long long min, long long max,
                          RedisModuleConfigGetNumericFunc get, RedisModuleConfigSetNumericFunc set,
                          RedisModuleConfigApplyFunc apply, void* private_data) noexcept {
  return Add(ctx, name, flags, NumericConfig{default_value, min, max, get, set}, apply,
             private_data);
}

int RegisterStringConfig(RedisModuleCtx* ctx, const char* name, const char* default_value,
                         unsigned int flags, RedisModuleConfigGetStringFunc get,
                         RedisModuleConfigSetStringFunc set, RedisModuleConfigApplyFunc apply,
                         void* private_data) noexcept {
  const std::string text = default_value == nullptr ? "" : default_value;
  return Add(ctx, name, flags, StringConfig{text, get, set}, apply, private_data);
}

int RegisterEnumConfig(RedisModuleCtx* ctx, const char* name, int default_value, unsigned int flags,
                       const char** enum_values, const int* int_values, int count,
                       RedisModuleConfigGetEnumFunc get, RedisModuleConfigSetEnumFunc set,
                       RedisModuleConfigApplyFunc apply, void* private_data) noexcept {
  EnumConfig kind{.default_value = default_value, .get = get, .set = set};
  for (int i = 0; i < count; ++i) kind.values.emplace_back(enum_values[i], int_values[i]);
  return Add(ctx, name, flags, std::move(kind), apply, private_data);
}

int LoadConfigs(RedisModuleCtx* ctx) noexcept {
  if (ctx->module == nullptr || !ctx->module->loading) return REDISMODULE_ERR;
  return ctx->modules.part<ConfigPart>().LoadValues(*ctx->module) ? REDISMODULE_OK
                                                                  : REDISMODULE_ERR;
}

const ApiEntry kFunctions[] = {
    {"RegisterBoolConfig", &RegisterBoolConfig},
    {"RegisterNumericConfig", &RegisterNumericConfig},
    {"RegisterStringConfig", &RegisterStringConfig},
    {"RegisterEnumConfig", &RegisterEnumConfig},
    {"LoadConfigs", &LoadConfigs},
};

}  // namespace

ApiGroup ConfigFunctions() { return kFunctions; }

void AddConfigPart(Modules& modules) { modules.AddPart(std::make_unique<ConfigPart>(modules)); }

}  // namespace slotmesh::modules
