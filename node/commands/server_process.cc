// TIME, LOLWUT, MONITOR.
#include <algorithm>
#include <string>

#include "node/command/script_run.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

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
  // A module's own call gets its reply and nothing after it.
  if (ctx.origin() == RequestOrigin::kModule) {
    return ctx.reply().Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  }
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

}  // namespace slotmesh::node
