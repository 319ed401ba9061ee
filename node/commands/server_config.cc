// CONFIG.
#include "node/commands/help.h"
#include "node/commands/local_client.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/config/directives.h"
#include "node/resp/errors.h"

namespace slotmesh::node {

void ConfigGet(CommandContext& ctx, Args args) {
  const auto found = ctx.family<ServerFamily>().settings.Get(args.subspan(2));
  ctx.reply().Map(found.size());
  for (const auto& [name, value] : found) {
    ctx.reply().Bulk(name);
    ctx.reply().Bulk(value);
  }
}

void ConfigSet(CommandContext& ctx, Args args) {
  bool waits_for_data = false;
  for (size_t i = 2; i + 1 < args.size(); i += 2) {
    const Directive* directive = FindDirective(args[i]);
    if (directive == nullptr) continue;
    if (directive->Has(kSensitive)) ctx.Redact(i + 1);
    waits_for_data = waits_for_data || directive->Has(kNotWhileLoading);
  }
  if (waits_for_data && ctx.engine().loading.active) return ctx.reply().Error(errors::kLoading);
  const absl::Status status =
      ctx.family<ServerFamily>().settings.Set(args.subspan(2), IsLocalClient(ctx.client()));
  if (!status.ok()) return ctx.reply().Error(status);
  ctx.reply().Ok();
}

void ConfigRewrite(CommandContext& ctx, Args) {
  ServerFamily& family = ctx.family<ServerFamily>();
  const absl::Status status = family.settings.Rewrite();
  if (!status.ok()) return ctx.reply().Error(status);
  family.log.Notice("CONFIG REWRITE executed with success.");
  ctx.reply().Ok();
}

void ConfigResetStat(CommandContext& ctx, Args) {
  ctx.engine().stats.Reset();
  ctx.keyspace().ResetStats();
  if (ctx.engine().slot_stats != nullptr) ctx.engine().slot_stats->ResetAll();
  ctx.engine().registry.ResetStats();
  ctx.family<ServerFamily>().control.ResetLazyfreed();
  ctx.family<ServerFamily>().memory_limit.ResetStats();
  ctx.family<ServerFamily>().client_limit.ResetStats();
  if (ScriptUsageSource* scripts = ctx.family<ServerFamily>().scripts) scripts->ResetStats();
  ctx.reply().Ok();
}

void ConfigHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "GET <pattern> [<pattern> ...]",
      "    The settings whose names match a glob-style pattern, with their values.",
      "RESETSTAT",
      "    Sets the counters of INFO to zero.",
      "REWRITE",
      "    Writes the settings back to the configuration file.",
      "SET <directive> <value> [<directive> <value> ...]",
      "    Changes settings: all of them or none.",
  };
  ReplyHelp(ctx.reply(), "CONFIG", kLines);
}

}  // namespace slotmesh::node
