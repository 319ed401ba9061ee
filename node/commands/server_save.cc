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
constexpr std::string_view kShutdownWaits =
    "ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client";

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
    } else if (EqualsIgnoreCase(word, "now")) {
      request.now = true;
    } else if (!EqualsIgnoreCase(word, "failover")) {
      return std::nullopt;
    }
  }
  if (request.save && request.nosave) return std::nullopt;
  if (*abort && words.size() > 1) return std::nullopt;
  return request;
}

}  // namespace

void Shutdown(CommandContext& ctx, Args args) {
  ServerFamily& family = ctx.family<ServerFamily>();
  bool abort = false;
  std::optional<ShutdownRequest> request = ParseShutdown(args.subspan(1), &abort);
  if (!request) return ctx.reply().Error(errors::kSyntax);
  if (abort) {
    if (!family.shutdown.Abort()) return ctx.reply().Error(kNoShutdown);
    return ctx.reply().Ok();
  }
  if (ScriptRun* script = ctx.engine().script; script != nullptr && script->busy) {
    if (!request->nosave) {
      return ctx.reply().Error(script->eval ? errors::kBusyScript : errors::kBusyFunction);
    }
    script->abandoned = true;
    request->now = true;
  }
  if (!ctx.may_block() && family.shutdown.NeedsToWait(*request)) {
    return ctx.reply().Error(kShutdownWaits);
  }
  switch (family.shutdown.Begin(*request)) {
    case ShutdownSequence::Outcome::kEnds:
      ctx.client().close_after_reply = true;
      return;
    case ShutdownSequence::Outcome::kWaits:
      return family.shutdown.Await(ctx.client());
    case ShutdownSequence::Outcome::kFailed:
      return ctx.reply().Error(kShutdownFailed);
  }
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
