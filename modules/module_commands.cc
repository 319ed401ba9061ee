// MODULE: loads, lists and unloads.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/modules.h"
#include "node/commands/help.h"
#include "node/commands/local_client.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

using node::Args;
using node::Arity;
using node::CommandContext;
using node::CommandSpec;
using node::Flag;

constexpr std::string_view kNotAllowed =
    "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you "
    "can run it from a local connection, otherwise you need to set this option in the "
    "configuration file, and then restart the server.";

// Code that clients bring along is for those only whom the configuration trusts.
bool IsAllowed(CommandContext& ctx) {
  if (node::IsAllowed(ctx.engine().config.enable_module_command, ctx.client())) return true;
  ctx.reply().Error(kNotAllowed);
  return false;
}

void Answer(CommandContext& ctx, const absl::Status& status) {
  if (status.ok()) return ctx.reply().Ok();
  ctx.reply().Error(status);
}

void Load(CommandContext& ctx, Args args) {
  if (!IsAllowed(ctx)) return;
  LoadRequest request{.path = std::string(args[2])};
  for (const std::string_view word : args.subspan(3)) request.args.emplace_back(word);
  Answer(ctx, ctx.family<Modules>().Load(std::move(request)));
}

// MODULE LOADEX path [CONFIG name value ...] [ARGS arg ...]
void LoadEx(CommandContext& ctx, Args args) {
  if (!IsAllowed(ctx)) return;
  LoadRequest request{.path = std::string(args[2]), .extended = true};
  size_t at = 3;
  while (at < args.size() && EqualsIgnoreCase(args[at], "CONFIG")) {
    if (at + 2 >= args.size()) return ctx.reply().Error(node::errors::kSyntax);
    request.configs.emplace_back(args[at + 1], args[at + 2]);
    at += 3;
  }
  if (at < args.size() && !EqualsIgnoreCase(args[at], "ARGS")) {
    return ctx.reply().Error(node::errors::kSyntax);
  }
  for (++at; at < args.size(); ++at) request.args.emplace_back(args[at]);
  Answer(ctx, ctx.family<Modules>().Load(std::move(request)));
}

void Unload(CommandContext& ctx, Args args) {
  if (!IsAllowed(ctx)) return;
  Answer(ctx, ctx.family<Modules>().Unload(args[2]));
}

void List(CommandContext& ctx, Args args) {
  const auto& loaded = ctx.family<Modules>().loaded();
  node::Reply& reply = ctx.reply();
  reply.Array(loaded.size());
  for (const auto& module : loaded) {
    reply.Map(4);
    reply.Bulk("name");
    reply.Bulk(module->name);
    reply.Bulk("ver");
    reply.Integer(module->version);
    reply.Bulk("path");
    reply.Bulk(module->path);
    reply.Bulk("args");
    reply.Array(module->args.size());
    for (const std::string& arg : module->args) reply.Bulk(arg);
  }
}

void Help(CommandContext& ctx, Args args) {
  static constexpr std::string_view kLines[] = {
      "LIST",
      "    Modules that are loaded, with version, path and arguments.",
      "LOAD <path> [<arg> ...]",
      "    Loads a module's library and passes it the arguments.",
      "LOADEX <path> [CONFIG <name> <value> ...] [ARGS <arg> ...]",
      "    The same, with values for the module's own configuration.",
      "UNLOAD <name>",
      "    Unloads a module.",
  };
  node::ReplyHelp(ctx.reply(), "MODULE", kLines);
}

constexpr Flag kChanging =
    Flag::kNoAsyncLoading | Flag::kAdmin | Flag::kNoScript | Flag::kProtected;

constexpr CommandSpec kSubcommands[] = {
    {
        .name = "help",
        .handler = &Help,
        .arity = Arity::Exactly(2),
        .flags = Flag::kLoading | Flag::kStale,
        .group = "server",
        .since = "5.0.0",
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
    },
    {
        .name = "list",
        .handler = &List,
        .arity = Arity::Exactly(2),
        .flags = Flag::kAdmin | Flag::kNoScript,
        .tips = {"nondeterministic_output_order"},
        .group = "server",
        .since = "4.0.0",
        .summary = "The modules that are loaded.",
        .complexity = "O(N) where N is the number of loaded modules.",
    },
    {
        .name = "load",
        .handler = &Load,
        .arity = Arity::AtLeast(3),
        .flags = kChanging,
        .group = "server",
        .since = "4.0.0",
        .summary = "Loads a module.",
        .complexity = "O(1)",
        .arguments = "path [arg+]",
    },
    {
        .name = "loadex",
        .handler = &LoadEx,
        .arity = Arity::AtLeast(3),
        .flags = kChanging,
        .group = "server",
        .since = "7.0.0",
        .summary = "Loads a module, with values for its configuration.",
        .complexity = "O(1)",
        .arguments = "path [CONFIG=configs(name value)++] [ARGS=args+]",
    },
    {
        .name = "unload",
        .handler = &Unload,
        .arity = Arity::Exactly(3),
        .flags = kChanging,
        .group = "server",
        .since = "4.0.0",
        .summary = "Unloads a module.",
        .complexity = "O(1)",
        .arguments = "name",
    },
};
static_assert(AllValid(kSubcommands));

constexpr CommandSpec kRows[] = {
    {
        .name = "module",
        .arity = Arity::AtLeast(2),
        .group = "server",
        .since = "4.0.0",
        .summary = "Commands that load, list and unload modules.",
        .complexity = "Depends on subcommand.",
        .subcommands = kSubcommands,
    },
};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> ModuleCommands() { return kRows; }

}  // namespace slotmesh::modules
