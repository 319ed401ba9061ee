// TIME, LOLWUT, MONITOR, SHUTDOWN, and the commands that save to disk, which is not possible yet.
#include <algorithm>
#include <string>

#include "node/command/script_errors.h"
#include "node/command/script_run.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMillisPerSecond = 1000;
constexpr std::string_view kNoFiles =
    "ERR saving to disk is not available yet: this version keeps data in memory only";
constexpr std::string_view kNoShutdown = "ERR No shutdown in progress.";

struct ShutdownArgs {
  bool save = false;
  bool nosave = false;
  bool abort = false;
  bool valid = true;
};

ShutdownArgs ParseShutdown(Args words) {
  ShutdownArgs parsed;
  bool others = false;
  for (const std::string_view word : words) {
    if (EqualsIgnoreCase(word, "save")) {
      parsed.save = true;
    } else if (EqualsIgnoreCase(word, "nosave")) {
      parsed.nosave = true;
    } else if (EqualsIgnoreCase(word, "abort")) {
      parsed.abort = true;
    } else if (EqualsIgnoreCase(word, "now") || EqualsIgnoreCase(word, "force") ||
               EqualsIgnoreCase(word, "failover")) {
      others = true;
    } else {
      parsed.valid = false;
    }
  }
  if (parsed.save && parsed.nosave) parsed.valid = false;
  if (parsed.abort && (parsed.save || parsed.nosave || others)) parsed.valid = false;
  return parsed;
}

}  // namespace

void Time(CommandContext& ctx, Args) {
  int64_t micros = ctx.engine().clock.WallMicros();
  // Time stands still for a script.
  if (ScriptRun* script = ctx.engine().script; script != nullptr) {
    if (script->wall_micros == 0) script->wall_micros = micros;
    micros = script->wall_micros;
  }
  ctx.reply().Array(2);
  ctx.reply().BulkInt(micros / kMicrosPerSecond);
  ctx.reply().BulkInt(micros % kMicrosPerSecond);
}

void Monitor(CommandContext& ctx, Args) {
  // Who is one already gets no second answer: there would be no telling it from what is shown.
  if (ctx.client().monitor) return;
  ctx.engine().messages.monitors.Add(ctx.client());
  ctx.reply().Ok();
}

void LolWut(CommandContext& ctx, Args args) {
  // A mesh of as many nodes as asked for: LOLWUT [VERSION v] [columns] [rows].
  constexpr int64_t kMax = 40;
  size_t next = 1;
  if (args.size() >= 3 && EqualsIgnoreCase(args[1], "version")) next = 3;
  int64_t size[2] = {8, 3};
  for (size_t i = 0; i < 2 && next < args.size(); ++i, ++next) {
    const std::optional<int64_t> wish = ParseInt64(args[next]);
    if (!wish.has_value()) return ctx.reply().Error(errors::kNotInteger);
    size[i] = std::clamp<int64_t>(*wish, 1, kMax);
  }
  std::string text;
  for (int64_t row = 0; row < size[1]; ++row) {
    for (int64_t column = 0; column < size[0]; ++column) text += column == 0 ? "o" : "---o";
    text += "\n";
    if (row + 1 == size[1]) break;
    for (int64_t column = 0; column < size[0]; ++column) text += column == 0 ? "|" : " \\ |";
    text += "\n";
  }
  text += StrCat("\nslotmesh ver. ", ctx.family<ServerFamily>().identity.version, "\n");
  ctx.reply().Verbatim("txt", text);
}

void Shutdown(CommandContext& ctx, Args args) {
  ServerFamily& family = ctx.family<ServerFamily>();
  const ShutdownArgs parsed = ParseShutdown(args.subspan(1));
  if (!parsed.valid) return ctx.reply().Error(errors::kSyntax);
  // A shutdown waits for nothing yet, so there is never one to abort.
  if (parsed.abort) return ctx.reply().Error(kNoShutdown);
  if (ScriptRun* script = ctx.engine().script; script != nullptr && script->busy) {
    if (!parsed.nosave) {
      return ctx.reply().Error(script->eval ? errors::kBusyScript : errors::kBusyFunction);
    }
    script->abandoned = true;
  }
  if (parsed.save) return ctx.reply().Error(kNoFiles);
  ctx.client().close_after_reply = true;
  family.control.Shutdown();
}

void LastSave(CommandContext& ctx, Args) {
  ctx.reply().Integer(ctx.family<ServerFamily>().identity.start_ms / kMillisPerSecond);
}

void Save(CommandContext& ctx, Args) { ctx.reply().Error(kNoFiles); }

void BgSave(CommandContext& ctx, Args args) {
  const bool known =
      args.size() == 1 || (args.size() == 2 && (EqualsIgnoreCase(args[1], "schedule") ||
                                                EqualsIgnoreCase(args[1], "cancel")));
  ctx.reply().Error(known ? kNoFiles : errors::kSyntax);
}

void BgRewriteAof(CommandContext& ctx, Args) { ctx.reply().Error(kNoFiles); }

}  // namespace slotmesh::node
