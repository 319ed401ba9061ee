// Commands: registering them, and what they say of their keys.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/command.h"
#include "modules/command_info.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

int CreateCommand(RedisModuleCtx* ctx, const char* name, RedisModuleCmdFunc function,
                  const char* flags, int first, int last, int step) noexcept {
  if (ctx->module == nullptr || !ctx->module->loading) return REDISMODULE_ERR;
  const RedisModuleCommand* command =
      AddCommand(ctx->modules, *ctx->module, nullptr, name, function, flags == nullptr ? "" : flags,
                 {.first = first, .last = last, .step = step});
  return command == nullptr ? REDISMODULE_ERR : REDISMODULE_OK;
}

// By its full name, "container|subcommand" too. Null for one that is not this module's own.
RedisModuleCommand* GetCommand(RedisModuleCtx* ctx, const char* name) noexcept {
  if (ctx->module == nullptr) return nullptr;
  for (const auto& command : ctx->module->commands) {
    if (EqualsIgnoreCase(command->command->full_name(), name)) return command.get();
  }
  return nullptr;
}

int CreateSubcommand(RedisModuleCommand* parent, const char* name, RedisModuleCmdFunc function,
                     const char* flags, int first, int last, int step) noexcept {
  Module& module = *parent->module;
  // A command with a form of its own has no subcommands, nor has a subcommand.
  if (!module.loading || parent->container != nullptr || parent->function != nullptr ||
      function == nullptr) {
    return REDISMODULE_ERR;
  }
  const RedisModuleCommand* command =
      AddCommand(*parent->modules, module, parent, name, function, flags == nullptr ? "" : flags,
                 {.first = first, .last = last, .step = step});
  return command == nullptr ? REDISMODULE_ERR : REDISMODULE_OK;
}

int SetCommandInfo(RedisModuleCommand* command, const RedisModuleCommandInfo* info) noexcept {
  // Once alone: rows may have been shown.
  if (command->has_info) {
    errno = EEXIST;
    return REDISMODULE_ERR;
  }
  const absl::Status status = FillIn(*info, *command);
  if (!status.ok()) {
    errno = EINVAL;
    WriteLog(command->module, "warning",
             StrCat("Invalid information on command '", command->row.name,
                    "': ", ToStd(status.message())));
    return REDISMODULE_ERR;
  }
  command->has_info = true;
  command->modules->engine().registry.Refresh(*command->command);
  return REDISMODULE_OK;
}

// --- The categories by which rules of users name commands. ---

int AddACLCategory(RedisModuleCtx* ctx, const char* name) noexcept {
  if (ctx->module == nullptr || !ctx->module->loading) {
    errno = EINVAL;
    return REDISMODULE_ERR;
  }
  const absl::Status added = ctx->engine().registry.categories().Add(name);
  if (!added.ok()) {
    errno = absl::IsInvalidArgument(added) ? EINVAL : absl::IsAlreadyExists(added) ? EBUSY : ENOMEM;
    return REDISMODULE_ERR;
  }
  ++ctx->module->categories;
  return REDISMODULE_OK;
}

// All of them, separated by spaces; those that followed from the command's flags are not added.
int SetCommandACLCategories(RedisModuleCommand* command, const char* names) noexcept {
  if (command == nullptr || !command->module->loading) return REDISMODULE_ERR;
  node::Registry& registry = command->modules->engine().registry;
  node::Acl categories = node::Acl::kNone;
  for (const absl::string_view split :
       absl::StrSplit(names == nullptr ? "" : names, ' ', absl::SkipEmpty())) {
    const std::optional<node::Acl> category = registry.categories().Find(ToStd(split));
    if (!category.has_value()) {
      WriteLog(command->module, "warning",
               StrCat("Command '", command->row.name, "' is to be of the category '", ToStd(split),
                      "', which there is not."));
      return REDISMODULE_ERR;
    }
    categories = categories | *category;
  }
  command->row.acl = categories;
  registry.Refresh(*command->command);
  return REDISMODULE_OK;
}

// --- A command with getkeys-api is asked. ---

int IsKeysPositionRequest(RedisModuleCtx* ctx) noexcept {
  return ctx->key_question != nullptr && !ctx->key_question->channels ? 1 : 0;
}
int IsChannelsPositionRequest(RedisModuleCtx* ctx) noexcept {
  return ctx->key_question != nullptr && ctx->key_question->channels ? 1 : 0;
}
void KeyAtPosWithFlags(RedisModuleCtx* ctx, int word, int flags) noexcept {
  if (IsKeysPositionRequest(ctx) == 0 || word <= 0) return;
  ctx->key_question->found.push_back({.word = word, .flags = flags});
}
// Of whoever does not say what it does with its keys, all must be expected.
void KeyAtPos(RedisModuleCtx* ctx, int word) noexcept {
  KeyAtPosWithFlags(
      ctx, word, REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_ACCESS | REDISMODULE_CMD_KEY_UPDATE);
}
void ChannelAtPosWithFlags(RedisModuleCtx* ctx, int word, int flags) noexcept {
  if (IsChannelsPositionRequest(ctx) == 0 || word <= 0) return;
  ctx->key_question->found.push_back({.word = word, .flags = flags});
}

// --- Asking for any command's keys. ---

// An array that the module frees.
int* CopyOut(const std::vector<int>& values) {
  int* copy = static_cast<int*>(std::malloc(std::max<size_t>(values.size(), 1) * sizeof(int)));
  std::copy(values.begin(), values.end(), copy);
  return copy;
}

int* GetCommandKeysWithFlags(RedisModuleCtx* ctx, RedisModuleString** argv, int argc, int* count,
                             int** flags) noexcept {
  *count = 0;
  std::vector<std::string_view> words;
  for (int i = 0; i < argc; ++i) words.push_back(argv[i]->view());
  const node::Command* command = TheModules().engine().registry.Resolve(words);
  if (command == nullptr) {
    errno = ENOENT;
    return nullptr;
  }
  const node::CommandSpec& row = command->spec();
  errno = 0;
  if (!slots::MayHaveKeys(row.keys, row.get_keys)) return nullptr;
  if (!row.arity.Accepts(words.size())) {
    errno = EINVAL;
    return nullptr;
  }
  slots::KeyRefs keys;
  const auto detail = flags == nullptr ? slots::KeyDetail::kPositions : slots::KeyDetail::kAccess;
  if (slots::FindKeys(row.keys, row.get_keys, detail, words, &keys) != slots::KeyStatus::kOk) {
    return nullptr;
  }
  std::vector<int> positions;
  std::vector<int> accesses;
  for (const slots::KeyRef& key : keys) {
    positions.push_back(static_cast<int>(key.word));
    accesses.push_back(static_cast<int>(key.flags));
  }
  *count = static_cast<int>(positions.size());
  if (flags != nullptr) *flags = CopyOut(accesses);
  return CopyOut(positions);
}
int* GetCommandKeys(RedisModuleCtx* ctx, RedisModuleString** argv, int argc, int* count) noexcept {
  return GetCommandKeysWithFlags(ctx, argv, argc, count, nullptr);
}

const char* GetCurrentCommandName(RedisModuleCtx* ctx) noexcept {
  return ctx->command == nullptr ? nullptr : ctx->command->command().full_name().c_str();
}

const ApiEntry kFunctions[] = {
    {"CreateCommand", &CreateCommand},
    {"GetCommand", &GetCommand},
    {"CreateSubcommand", &CreateSubcommand},
    {"SetCommandInfo", &SetCommandInfo},
    {"AddACLCategory", &AddACLCategory},
    {"SetCommandACLCategories", &SetCommandACLCategories},
    {"IsKeysPositionRequest", &IsKeysPositionRequest},
    {"IsChannelsPositionRequest", &IsChannelsPositionRequest},
    {"KeyAtPos", &KeyAtPos},
    {"KeyAtPosWithFlags", &KeyAtPosWithFlags},
    {"ChannelAtPosWithFlags", &ChannelAtPosWithFlags},
    {"GetCommandKeys", &GetCommandKeys},
    {"GetCommandKeysWithFlags", &GetCommandKeysWithFlags},
    {"GetCurrentCommandName", &GetCurrentCommandName},
};

}  // namespace

ApiGroup CommandFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
