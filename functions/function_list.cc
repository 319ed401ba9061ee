// FUNCTION LIST, STATS and HELP.
#include <optional>
#include <vector>

#include "functions/functions.h"
#include "functions/handlers.h"
#include "node/command/script_errors.h"
#include "node/command/script_run.h"
#include "node/commands/help.h"
#include "node/resp/errors.h"
#include "node/resp/glob.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

struct ListArgs {
  std::optional<std::string_view> pattern;
  bool with_code = false;
};

// Nothing, with the reply written, if they are wrong.
std::optional<ListArgs> ParseList(node::CommandContext& ctx, node::Args words) {
  ListArgs parsed;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!parsed.with_code && EqualsIgnoreCase(words[i], "withcode")) {
      parsed.with_code = true;
    } else if (!parsed.pattern && EqualsIgnoreCase(words[i], "libraryname")) {
      if (++i == words.size()) {
        ctx.reply().Error("ERR library name argument was not given");
        return std::nullopt;
      }
      parsed.pattern = words[i];
    } else {
      ctx.reply().Error(StrCat("ERR Unknown argument ", words[i]));
      return std::nullopt;
    }
  }
  return parsed;
}

void ReplyFunction(node::Reply& reply, const LoadedFunction& function) {
  reply.Map(3);
  reply.Bulk("name");
  reply.Bulk(function.name);
  reply.Bulk("description");
  if (function.has_description) {
    reply.Bulk(function.description);
  } else {
    reply.Null();
  }
  reply.Bulk("flags");
  const std::vector<std::string_view> flags = FlagNames(function.flags);
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Simple(flag);
}

void ReplyLibrary(node::Reply& reply, const Library& library, bool with_code) {
  reply.Map(with_code ? 4 : 3);
  reply.Bulk("library_name");
  reply.Bulk(library.name);
  reply.Bulk("engine");
  reply.Bulk(library.engine->name());
  reply.Bulk("functions");
  reply.Array(library.functions.size());
  for (const auto& function : library.functions) ReplyFunction(reply, function->loaded);
  if (!with_code) return;
  reply.Bulk("library_code");
  reply.Bulk(library.text);
}

}  // namespace

// FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]
void FunctionList(node::CommandContext& ctx, node::Args args) {
  const std::optional<ListArgs> parsed = ParseList(ctx, args.subspan(2));
  if (!parsed) return;
  std::vector<const Library*> shown;
  for (const auto& [name, library] : ctx.family<Functions>().libraries().libraries()) {
    if (!parsed->pattern || node::GlobMatchesIgnoreCase(*parsed->pattern, name)) {
      shown.push_back(library.get());
    }
  }
  ctx.reply().Array(shown.size());
  for (const Library* library : shown) ReplyLibrary(ctx.reply(), *library, parsed->with_code);
}

void FunctionStats(node::CommandContext& ctx, node::Args) {
  const node::ScriptRun* run = ctx.engine().script;
  if (run != nullptr && run->eval) return ctx.reply().Error(node::errors::kBusyScript);
  node::Reply& reply = ctx.reply();
  reply.Map(2);
  reply.Bulk("running_script");
  if (run == nullptr) {
    reply.Null();
  } else {
    reply.Map(3);
    reply.Bulk("name");
    reply.Bulk(run->function);
    reply.Bulk("command");
    reply.BulkStrings(run->request);
    reply.Bulk("duration_ms");
    reply.Integer((ctx.engine().clock.MonotonicNanos() - run->begin_ns) / kNanosPerMilli);
  }
  Functions& functions = ctx.family<Functions>();
  reply.Bulk("engines");
  reply.Map(functions.library_engines().size());
  for (const ScriptEngine* engine : functions.library_engines()) {
    size_t libraries = 0;
    size_t count = 0;
    for (const auto& [name, library] : functions.libraries().libraries()) {
      if (library->engine != engine) continue;
      ++libraries;
      count += library->functions.size();
    }
    reply.Bulk(engine->name());
    reply.Map(2);
    reply.Bulk("libraries_count");
    reply.Integer(static_cast<int64_t>(libraries));
    reply.Bulk("functions_count");
    reply.Integer(static_cast<int64_t>(count));
  }
}

void FunctionHelp(node::CommandContext& ctx, node::Args) {
  constexpr std::string_view kLines[] = {
      "DELETE <library-name>",
      "    Removes a library with its functions.",
      "DUMP",
      "    All libraries as one payload, for FUNCTION RESTORE.",
      "FLUSH [ASYNC|SYNC]",
      "    Removes all libraries.",
      "KILL",
      "    Ends the function that runs, if it has not written yet.",
      "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
      "    The libraries and their functions; with their texts.",
      "LOAD [REPLACE] <function-code>",
      "    Makes a library of a text that begins with `#!<engine> name=<library>`.",
      "RESTORE <payload> [FLUSH|APPEND|REPLACE]",
      "    Adds the libraries of a payload: instead of all that there are (FLUSH), to them",
      "    (APPEND, the default), or in the place of those with the same names (REPLACE).",
      "STATS",
      "    The function that runs, and how many there are.",
  };
  node::ReplyHelp(ctx.reply(), "FUNCTION", kLines);
}

}  // namespace slotmesh::functions
