#include "node/commands/command_family.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "node/command/command_context.h"
#include "node/command/command_info.h"
#include "node/command/command_info_docs.h"
#include "node/resp/errors.h"
#include "node/resp/glob.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// A command by its full name, "get" or "config|get", in any case; null if there is none.
const Command* FindByFullName(const Registry& registry, std::string_view name) {
  const size_t bar = name.find('|');
  if (bar == std::string_view::npos) return registry.Find(name);
  const Command* container = registry.Find(name.substr(0, bar));
  return container == nullptr ? nullptr : container->FindSubcommand(name.substr(bar + 1));
}

// Commands and their subcommands.
void ForEachCommand(const std::vector<std::unique_ptr<Command>>& commands,
                    absl::FunctionRef<void(const Command&)> visit) {
  for (const auto& command : commands) {
    visit(*command);
    ForEachCommand(command->subcommands(), visit);
  }
}

// COMMAND: all of them.
void CommandAll(CommandContext& ctx, Args args) {
  const auto& commands = ctx.engine().registry.commands();
  ctx.reply().Array(commands.size());
  for (const auto& command : commands) {
    ReplyCommandInfo(*command, ctx.engine().registry.categories(), ctx.reply());
  }
}

// COMMAND COUNT: without subcommands.
void CommandCount(CommandContext& ctx, Args args) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.engine().registry.commands().size()));
}

// COMMAND INFO [name ...]: nil for a name that there is not.
void CommandInfo(CommandContext& ctx, Args args) {
  if (args.size() == 2) return CommandAll(ctx, args);
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view name : args.subspan(2)) {
    const Command* command = FindByFullName(ctx.engine().registry, name);
    if (command == nullptr) {
      ctx.reply().Null();
    } else {
      ReplyCommandInfo(*command, ctx.engine().registry.categories(), ctx.reply());
    }
  }
}

// COMMAND DOCS [name ...]: names that there are not are left out.
void CommandDocs(CommandContext& ctx, Args args) {
  std::vector<const Command*> shown;
  if (args.size() == 2) {
    for (const auto& command : ctx.engine().registry.commands()) shown.push_back(command.get());
  }
  for (const std::string_view name : args.subspan(2)) {
    const Command* command = FindByFullName(ctx.engine().registry, name);
    if (command != nullptr) shown.push_back(command);
  }
  ctx.reply().Map(shown.size());
  for (const Command* command : shown) ReplyCommandDocs(*command, ctx.reply());
}

// COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern], subcommands included.
void CommandList(CommandContext& ctx, Args args) {
  const bool filtered = args.size() == 5 && EqualsIgnoreCase(args[2], "FILTERBY");
  const bool by_module = filtered && EqualsIgnoreCase(args[3], "MODULE");
  const bool by_category = filtered && EqualsIgnoreCase(args[3], "ACLCAT");
  const bool by_pattern = filtered && EqualsIgnoreCase(args[3], "PATTERN");
  if (args.size() != 2 && !by_module && !by_category && !by_pattern) {
    return ctx.reply().Error(errors::kSyntax);
  }
  const Acl category = by_category
                           ? ctx.engine().registry.categories().Find(args[4]).value_or(Acl::kNone)
                           : Acl::kNone;
  std::vector<std::string_view> names;
  ForEachCommand(ctx.engine().registry.commands(), [&](const Command& command) {
    if (by_module && !EqualsIgnoreCase(args[4], command.spec().module)) return;
    if (by_category && !Has(command.acl(), category)) return;
    if (by_pattern && !GlobMatchesIgnoreCase(args[4], command.full_name())) return;
    names.push_back(command.full_name());
  });
  ctx.reply().BulkStrings(names);
}

// The keys of the command that follows word 1. False, with the reply written, if they cannot be
// told.
bool FindKeysOfWords(CommandContext& ctx, Args words, slots::KeyDetail detail,
                     slots::KeyRefs* keys) {
  const auto refuse = [&](std::string_view why) {
    ctx.reply().Error(StrCat("ERR ", why));
    return false;
  };
  const Command* command = ctx.engine().registry.Resolve(words);
  if (command == nullptr || command->spec().handler == nullptr) {
    return refuse(slots::kGetKeysNoSuchCommand);
  }
  const CommandSpec& row = command->spec();
  if (!slots::MayHaveKeys(row.keys, row.get_keys)) return refuse(slots::kGetKeysNoKeys);
  if (!row.arity.Accepts(words.size())) return refuse(slots::kGetKeysArity);
  if (slots::FindKeys(row.keys, row.get_keys, detail, words, keys) != slots::KeyStatus::kOk &&
      !Has(row.flags, Flag::kNoMandatoryKeys)) {
    return refuse(slots::kGetKeysInvalid);
  }
  return true;
}

// COMMAND GETKEYS command [word ...]
void CommandGetKeys(CommandContext& ctx, Args args) {
  const Args words = args.subspan(2);
  slots::KeyRefs keys;
  if (!FindKeysOfWords(ctx, words, slots::KeyDetail::kPositions, &keys)) return;
  ctx.reply().Array(keys.size());
  for (const slots::KeyRef& key : keys) ctx.reply().Bulk(words[key.word]);
}

// COMMAND GETKEYSANDFLAGS command [word ...]
void CommandGetKeysAndFlags(CommandContext& ctx, Args args) {
  const Args words = args.subspan(2);
  slots::KeyRefs keys;
  if (!FindKeysOfWords(ctx, words, slots::KeyDetail::kAccess, &keys)) return;
  ctx.reply().Array(keys.size());
  for (const slots::KeyRef& key : keys) {
    ctx.reply().Array(2);
    ctx.reply().Bulk(words[key.word]);
    ReplyNames(ctx.reply(), KeyFlagNames(key.flags));
  }
}

void CommandHelp(CommandContext& ctx, Args args) {
  constexpr std::string_view kLines[] = {
      "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "(no subcommand)",
      "    Arity, flags, key positions and categories of all commands.",
      "COUNT",
      "    How many commands there are.",
      "DOCS [<command-name> ...]",
      "    What commands are for and which arguments they take; of all if none is named.",
      "GETKEYS <full-command>",
      "    Which words of a whole command are keys.",
      "GETKEYSANDFLAGS <full-command>",
      "    The same, and what happens to each key.",
      "INFO [<command-name> ...]",
      "    Arity, flags, key positions and categories; of all commands if none is named.",
      "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
      "    Names of the commands.",
      "HELP",
      "    Prints this help.",
  };
  ctx.reply().Array(std::size(kLines));
  for (const std::string_view line : kLines) ctx.reply().Simple(line);
}

constexpr CommandSpec kSubcommands[] = {
    {
        .name = "count",
        .handler = &CommandCount,
        .arity = Arity::Exactly(2),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .group = "server",
        .since = "2.8.13",
        .summary = "How many commands the server has.",
        .complexity = "O(1)",
    },
    {
        .name = "docs",
        .handler = &CommandDocs,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .tips = {"nondeterministic_output_order"},
        .group = "server",
        .since = "7.0.0",
        .summary = "What commands are for and which arguments they take.",
        .complexity = "O(N) for N commands.",
        .arguments = "[command-name+]",
    },
    {
        .name = "getkeys",
        .handler = &CommandGetKeys,
        .arity = Arity::AtLeast(3),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .group = "server",
        .since = "2.8.13",
        .summary = "Which words of a whole command are keys.",
        .complexity = "O(N) for N words.",
        .arguments = "command [arg+]",
    },
    {
        .name = "getkeysandflags",
        .handler = &CommandGetKeysAndFlags,
        .arity = Arity::AtLeast(3),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .group = "server",
        .since = "7.0.0",
        .summary = "Which words of a whole command are keys, and what happens to each.",
        .complexity = "O(N) for N words.",
        .arguments = "command [arg+]",
    },
    {
        .name = "help",
        .handler = &CommandHelp,
        .arity = Arity::Exactly(2),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .group = "server",
        .since = "5.0.0",
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
    },
    {
        .name = "info",
        .handler = &CommandInfo,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .tips = {"nondeterministic_output_order"},
        .group = "server",
        .since = "2.8.13",
        .summary = "Arity, flags, key positions and categories of commands.",
        .complexity = "O(N) for N commands.",
        .history = {{"7.0.0", "All commands if none is named."}},
        .arguments = "[command-name+]",
    },
    {
        .name = "list",
        .handler = &CommandList,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .tips = {"nondeterministic_output_order"},
        .group = "server",
        .since = "7.0.0",
        .summary = "Names of the commands.",
        .complexity = "O(N) for N commands.",
        .arguments = "[FILTERBY=filterby<MODULE=module-name|ACLCAT=category|PATTERN=pattern>]",
    },
};
static_assert(AllValid(kSubcommands));

constexpr CommandSpec kCommands[] = {
    {
        .name = "command",
        .handler = &CommandAll,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .acl = Acl::kConnection,
        .tips = {"nondeterministic_output_order"},
        .group = "server",
        .since = "2.8.13",
        .summary = "Arity, flags, key positions and categories of all commands.",
        .complexity = "O(N) for N commands.",
        .subcommands = kSubcommands,
    },
};
static_assert(AllValid(kCommands));

}  // namespace

absl::Span<const CommandSpec> CommandCommands() { return kCommands; }

}  // namespace slotmesh::node
