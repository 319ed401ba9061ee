// SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF, SHUTDOWN.
#include "node/command/script_errors.h"
#include "node/command/script_run.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kRewritingAlready =
    "ERR Background append only file rewriting already in progress";
constexpr std::string_view kSavingAlready = "ERR Background save already in progress";
constexpr std::string_view kNotSaving =
    "ERR Background saving is currently not in progress or scheduled";
constexpr std::string_view kNoShutdown = "ERR No shutdown in progress.";
constexpr std::string_view kShutdownFailed = "ERR Errors trying to SHUTDOWN. Check logs.";

// Nothing if the words make no sense.
std::optional<ShutdownRequest> ParseShutdown(Args words, bool* abort) {
  ShutdownRequest request;
  for (const std::string_view word : words) {
    if (EqualsIgnoreCase(word, "save")) {
      request.save = true;
    } else if (EqualsIgnoreCase(word, "nosave")) {
      request.nosave = true;
    } else if (EqualsIgnoreCase(word, "force")) {
      request.force = true;
    } else if (EqualsIgnoreCase(word, "abort")) {
      *abort = true;
    } else if (!EqualsIgnoreCase(word, "now") && !EqualsIgnoreCase(word, "failover")) {
      return std::nullopt;
    }
  }
  if (request.save && request.nosave) return std::nullopt;
  if (*abort && words.size() > 1) return std::nullopt;
  return request;
}

}  // namespace

bool SaveBeforeShutdown(const ShutdownRequest& request, Persistence& persistence, Log& log) {
  (void)persistence.CancelBackgroundSave();
  if (request.nosave || (!request.save && !persistence.has_save_points())) return true;
  log.Notice("Saving the final RDB snapshot before exiting.");
  const absl::Status status = persistence.Save();
  if (status.ok()) return true;
  if (request.force) {
    log.Warning("Error trying to save the DB. Exit anyway.");
    return true;
  }
  log.Warning("Error trying to save the DB, can't exit.");
  log.Warning("Errors trying to shut down the server. Check the logs for more information.");
  return false;
}

void Shutdown(CommandContext& ctx, Args args) {
  ServerFamily& family = ctx.family<ServerFamily>();
  bool abort = false;
  const std::optional<ShutdownRequest> request = ParseShutdown(args.subspan(1), &abort);
  if (!request) return ctx.reply().Error(errors::kSyntax);
  // A shutdown waits for nothing yet, so there is never one to abort.
  if (abort) return ctx.reply().Error(kNoShutdown);
  if (ScriptRun* script = ctx.engine().script; script != nullptr && script->busy) {
    if (!request->nosave) {
      return ctx.reply().Error(script->eval ? errors::kBusyScript : errors::kBusyFunction);
    }
    script->abandoned = true;
  }
  family.log.Warning("User requested shutdown...");
  // Half of the data must not replace a file that has all of it.
  const bool loading = ctx.engine().loading.active;
  if (!loading && !SaveBeforeShutdown(*request, family.persistence, family.log)) {
    return ctx.reply().Error(kShutdownFailed);
  }
  ctx.client().close_after_reply = true;
  family.control.Shutdown();
}

void LastSave(CommandContext& ctx, Args) {
  ctx.reply().Integer(ctx.family<ServerFamily>().persistence.Status().last_save_s);
}

void Save(CommandContext& ctx, Args) {
  Persistence& persistence = ctx.family<ServerFamily>().persistence;
  if (persistence.Status().saving) return ctx.reply().Error(kSavingAlready);
  const absl::Status status = persistence.Save();
  if (!status.ok()) return ctx.reply().Error(StrCat("ERR ", ToStd(status.message())));
  ctx.reply().Ok();
}

void BgSave(CommandContext& ctx, Args args) {
  Persistence& persistence = ctx.family<ServerFamily>().persistence;
  if (args.size() == 2 && EqualsIgnoreCase(args[1], "cancel")) {
    if (!persistence.CancelBackgroundSave()) return ctx.reply().Error(kNotSaving);
    return ctx.reply().Simple("Background saving cancelled");
  }
  // SCHEDULE puts off what a rewrite of the AOF would forbid; nothing forbids it here.
  const bool known =
      args.size() == 1 || (args.size() == 2 && EqualsIgnoreCase(args[1], "schedule"));
  if (!known) return ctx.reply().Error(errors::kSyntax);
  switch (persistence.SaveInBackground()) {
    case Persistence::Started::kYes:
      return ctx.reply().Simple("Background saving started");
    case Persistence::Started::kAlreadySaving:
      return ctx.reply().Error(kSavingAlready);
    case Persistence::Started::kFailed:
      return ctx.reply().Error("ERR Can't save in the background: check the server's log");
  }
}

void BgRewriteAof(CommandContext& ctx, Args) {
  Persistence& persistence = ctx.family<ServerFamily>().persistence;
  const bool waits = persistence.Status().saving;
  if (!persistence.RewriteAof()) return ctx.reply().Error(kRewritingAlready);
  ctx.reply().Simple(waits ? "Background append only file rewriting scheduled"
                           : "Background append only file rewriting started");
}

}  // namespace slotmesh::node
