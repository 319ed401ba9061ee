// SCRIPT's subcommands, and FUNCTION KILL.
#include "functions/functions.h"
#include "functions/handlers.h"
#include "node/command/script_errors.h"
#include "node/command/script_run.h"
#include "node/commands/help.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

constexpr std::string_view kNotBusy = "NOTBUSY No scripts in execution right now.";
constexpr std::string_view kUnkillable =
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can "
    "either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE "
    "command.";

// A script is ended as a script, a function as a function.
void Kill(node::CommandContext& ctx, bool eval) {
  node::ScriptRun* run = ctx.engine().script;
  if (run == nullptr) return ctx.reply().Error(kNotBusy);
  if (run->wrote) return ctx.reply().Error(kUnkillable);
  if (run->eval != eval) {
    return ctx.reply().Error(run->eval ? node::errors::kBusyScript : node::errors::kBusyFunction);
  }
  run->killed = true;
  ctx.reply().Ok();
}

}  // namespace

void ScriptLoad(node::CommandContext& ctx, node::Args args) {
  const absl::StatusOr<Script*> script =
      ctx.family<Functions>().scripts().Load(args[2], /*pin=*/true);
  if (!script.ok()) return ctx.reply().Error(StrCat("ERR ", script.status().message()));
  ctx.reply().Bulk((*script)->name());
}

void ScriptExists(node::CommandContext& ctx, node::Args args) {
  ScriptCache& scripts = ctx.family<Functions>().scripts();
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view hash : args.subspan(2)) {
    ctx.reply().Integer(scripts.Find(hash) != nullptr ? 1 : 0);
  }
}

void ScriptShow(node::CommandContext& ctx, node::Args args) {
  const Script* script = ctx.family<Functions>().scripts().Find(args[2]);
  if (script == nullptr) return ctx.reply().Error(node::errors::kNoScript);
  ctx.reply().Bulk(script->text);
}

// Either way at once: there is little to free.
void ScriptFlush(node::CommandContext& ctx, node::Args args) {
  const bool known = args.size() == 2 || (args.size() == 3 && (EqualsIgnoreCase(args[2], "sync") ||
                                                               EqualsIgnoreCase(args[2], "async")));
  if (!known) return ctx.reply().Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
  ctx.family<Functions>().scripts().Flush();
  ctx.reply().Ok();
}

void ScriptDebug(node::CommandContext& ctx, node::Args args) {
  if (EqualsIgnoreCase(args[2], "no")) return ctx.reply().Ok();
  if (EqualsIgnoreCase(args[2], "yes") || EqualsIgnoreCase(args[2], "sync")) {
    return ctx.reply().Error("ERR there is no debugger for scripts");
  }
  ctx.reply().Error("ERR Use SCRIPT DEBUG YES/SYNC/NO");
}

void ScriptKill(node::CommandContext& ctx, node::Args) { Kill(ctx, /*eval=*/true); }

void FunctionKill(node::CommandContext& ctx, node::Args) { Kill(ctx, /*eval=*/false); }

void ScriptHelp(node::CommandContext& ctx, node::Args) {
  constexpr std::string_view kLines[] = {
      "DEBUG (YES|SYNC|NO)",
      "    NO is accepted; there is no debugger.",
      "EXISTS <sha1> [<sha1> ...]",
      "    Which of these scripts are known: 1 or 0 for each.",
      "FLUSH [ASYNC|SYNC]",
      "    Forgets all scripts of EVAL and SCRIPT LOAD.",
      "KILL",
      "    Ends the script that runs, if it has not written yet.",
      "LOAD <script>",
      "    Keeps a script, for EVALSHA; its name is the reply.",
      "SHOW <sha1>",
      "    A script's text.",
  };
  node::ReplyHelp(ctx.reply(), "SCRIPT", kLines);
}

}  // namespace slotmesh::functions
