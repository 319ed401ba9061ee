#include "modules/command.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "node/resp/errors.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

using node::Flag;
using slots::KeyFlag;
using slots::KeySpec;

struct FlagWord {
  std::string_view word;
  Flag flag;
};

constexpr FlagWord kFlagWords[] = {
    {"write", Flag::kWrite},
    {"readonly", Flag::kReadOnly},
    {"admin", Flag::kAdmin},
    {"deny-oom", Flag::kDenyOom},
    {"deny-script", Flag::kNoScript},
    {"allow-loading", Flag::kLoading},
    {"pubsub", Flag::kPubSub},
    {"random", Flag::kNone},  // Of old modules.
    {"blocking", Flag::kBlocking},
    {"allow-stale", Flag::kStale},
    {"no-monitor", Flag::kSkipMonitor},
    {"no-slowlog", Flag::kSkipCommandLog},
    {"fast", Flag::kFast},
    {"no-auth", Flag::kNoAuth},
    {"may-replicate", Flag::kMayReplicate},
    {"no-mandatory-keys", Flag::kNoMandatoryKeys},
    {"allow-busy", Flag::kAllowBusy},
};

// A name that clients can send inline, that does not look like a container's with its subcommand,
// and that rules of users can name.
bool IsCommandName(std::string_view name) {
  constexpr std::string_view kForbidden = " \r\n|@=";
  return !name.empty() && name.find_first_of(kForbidden) == std::string_view::npos;
}

// The words of a request as a module's getkeys-api finds its keys among them.
class Question {
 public:
  Question(const RedisModuleCommand& command, node::Args words, bool channels)
      : frames_(command.modules->arg_frames()),
        ctx_(*command.modules, command.module, RedisModuleCtx::Kind::kCallback, nullptr) {
    question_.channels = channels;
    ctx_.key_question = &question_;
    RedisModuleString** argv = frames_.Push(words);
    (void)command.function(&ctx_, argv, static_cast<int>(words.size()));
  }
  ~Question() { frames_.Pop(); }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  const std::vector<RedisModuleCtx::KeyQuestion::Found>& found() const { return question_.found; }

 private:
  ArgFrames& frames_;
  RedisModuleCtx ctx_;
  RedisModuleCtx::KeyQuestion question_;
};

// The bits of REDISMODULE_CMD_KEY_* are those of KeyFlag, in this order.
KeyFlag KeyFlagsOf(int flags) {
  constexpr int kKeyBits = (1 << 11) - 1;
  return static_cast<KeyFlag>(flags & kKeyBits);
}

// The bits of REDISMODULE_CMD_CHANNEL_*.
KeyFlag ChannelFlagsOf(int flags) {
  KeyFlag channel = KeyFlag::kNotKey;
  if ((flags & REDISMODULE_CMD_CHANNEL_PATTERN) != 0) channel = channel | KeyFlag::kPattern;
  if ((flags & REDISMODULE_CMD_CHANNEL_PUBLISH) != 0) channel = channel | KeyFlag::kPublish;
  if ((flags & REDISMODULE_CMD_CHANNEL_SUBSCRIBE) != 0) channel = channel | KeyFlag::kSubscribe;
  if ((flags & REDISMODULE_CMD_CHANNEL_UNSUBSCRIBE) != 0) {
    channel = channel | KeyFlag::kUnsubscribe;
  }
  return channel;
}

slots::KeyStatus AskFor(bool channels, const void* state, slots::Words words, slots::KeyRefs* out) {
  const auto& command = *static_cast<const RedisModuleCommand*>(state);
  if (command.function == nullptr || command.module->unloaded) return slots::KeyStatus::kInvalid;
  const Question question(command, words, channels);
  for (const auto& key : question.found()) {
    if (key.word < 1 || static_cast<size_t>(key.word) >= words.size()) {
      return slots::KeyStatus::kInvalid;
    }
  }
  for (const auto& key : question.found()) {
    out->push_back({static_cast<uint32_t>(key.word),
                    channels ? ChannelFlagsOf(key.flags) : KeyFlagsOf(key.flags)});
  }
  return slots::KeyStatus::kOk;
}

slots::KeyStatus AskForKeys(const void* state, slots::Words words, slots::KeyRefs* out) {
  return AskFor(/*channels=*/false, state, words, out);
}
slots::KeyStatus AskForChannels(const void* state, slots::Words words, slots::KeyRefs* out) {
  return AskFor(/*channels=*/true, state, words, out);
}

void RunModuleCommand(node::CommandContext& ctx, node::Args args) {
  RedisModuleCommand& command = ctx.family<RedisModuleCommand>();
  if (command.module->unloaded) return ctx.reply().Error(node::UnknownCommand(args));
  Modules& modules = *command.modules;
  RedisModuleCtx context(modules, command.module, RedisModuleCtx::Kind::kCommand, &ctx.client());
  context.command = &ctx;
  context.request = args;
  RedisModuleString** argv = modules.arg_frames().Push(args);
  (void)command.function(&context, argv, static_cast<int>(args.size()));
  context.FreeTracked();
  modules.arg_frames().Pop();
  modules.TouchKeyspace();
}

void SetKeys(RedisModuleCommand& command, const LegacyKeyNumbers& keys) {
  KeyFlag access = KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kUpdate;
  if (command.words.gets_keys) {
    command.row.get_keys = slots::GetKeysFunction(&AskForKeys, &command);
    access = access | KeyFlag::kVariableFlags;
  }
  if (command.words.gets_channels) {
    command.row.get_channels = slots::GetKeysFunction(&AskForChannels, &command);
  }
  if (keys.first != 0) {
    command.row.keys = {KeySpec::Range(
        {.first = keys.first, .last = keys.last, .step = std::max(keys.step, 1)}, access)};
  }
}

}  // namespace

std::optional<CommandWords> ParseCommandWords(std::string_view words) {
  CommandWords parsed;
  for (const absl::string_view split : absl::StrSplit(ToAbsl(words), ' ', absl::SkipEmpty())) {
    const std::string_view word = ToStd(split);
    const auto known = std::find_if(
        std::begin(kFlagWords), std::end(kFlagWords),
        [word](const FlagWord& candidate) { return EqualsIgnoreCase(candidate.word, word); });
    if (known != std::end(kFlagWords)) {
      parsed.flags = parsed.flags | known->flag;
    } else if (EqualsIgnoreCase(word, "getkeys-api")) {
      parsed.gets_keys = true;
    } else if (EqualsIgnoreCase(word, "getchannels-api")) {
      parsed.gets_channels = true;
    } else if (EqualsIgnoreCase(word, "no-cluster")) {
      parsed.no_cluster = true;
    } else {
      return std::nullopt;
    }
  }
  return parsed;
}

RedisModuleCommand* AddCommand(Modules& modules, Module& module, RedisModuleCommand* container,
                               std::string_view name, RedisModuleCmdFunc function,
                               std::string_view words, const LegacyKeyNumbers& keys) {
  const std::optional<CommandWords> parsed = ParseCommandWords(words);
  if (!parsed.has_value() || !IsCommandName(name)) return nullptr;
  if (parsed->no_cluster && modules.engine().keyspace.cluster()) return nullptr;
  auto command = std::make_unique<RedisModuleCommand>();
  command->modules = &modules;
  command->module = &module;
  command->container = container;
  command->function = function;
  command->words = *parsed;
  command->row.name = command->Keep(absl::AsciiStrToLower(ToAbsl(name)));
  command->row.handler = function == nullptr ? nullptr : &RunModuleCommand;
  // A container's first word is not all.
  command->row.arity = node::Arity::AtLeast(function == nullptr || container != nullptr ? 2 : 1);
  command->row.flags = parsed->flags | Flag::kModule;
  command->row.group = "module";
  command->row.module = command->Keep(module.name);
  SetKeys(*command, keys);
  node::Registry& registry = modules.engine().registry;
  const absl::StatusOr<const node::Command*> added =
      container == nullptr
          ? registry.Add(command->row, command.get())
          : registry.AddSubcommand(*container->command, command->row, command.get());
  if (!added.ok()) return nullptr;
  command->command = *added;
  module.commands.push_back(std::move(command));
  return module.commands.back().get();
}

}  // namespace slotmesh::modules
