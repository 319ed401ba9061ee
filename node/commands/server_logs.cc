// SLOWLOG and COMMANDLOG: the commands that took long, were large or answered a lot.
#include <algorithm>
#include <optional>

#include "node/commands/help.h"
#include "node/commands/server_handlers.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "node/stats/slow_log.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kDefaultCount = 10;
constexpr int64_t kAllEntries = -1;
constexpr std::string_view kCountError = "ERR count should be greater than or equal to -1";
constexpr std::string_view kTypeError =
    "ERR type should be one of the following: slow, large-request, large-reply";

// Nothing, with the error replied, for a bad word.
std::optional<int64_t> Count(CommandContext& ctx, std::string_view word) {
  const std::optional<int64_t> count = ParseInt64(word);
  if (count.has_value() && *count >= kAllEntries) return count;
  ctx.reply().Error(kCountError);
  return std::nullopt;
}

// The log that a word names; null, with the error replied, if there is none.
SlowLog* LogOf(CommandContext& ctx, std::string_view type) {
  Engine& engine = ctx.engine();
  if (EqualsIgnoreCase(type, "slow")) return &engine.slow_log;
  SlowLog* log = nullptr;
  if (EqualsIgnoreCase(type, "large-request")) log = engine.large_requests;
  if (EqualsIgnoreCase(type, "large-reply")) log = engine.large_replies;
  if (log == nullptr) ctx.reply().Error(kTypeError);
  return log;
}

void ReplyEntries(Reply& reply, const SlowLog& log, int64_t count) {
  const size_t all = log.entries().size();
  const size_t shown = count == kAllEntries ? all : std::min(all, static_cast<size_t>(count));
  reply.Array(shown);
  for (size_t i = 0; i < shown; ++i) {
    const SlowLog::Entry& entry = log.entries()[i];
    reply.Array(6);
    reply.Integer(entry.id);
    reply.Integer(entry.unix_seconds);
    reply.Integer(entry.amount);
    reply.Array(entry.words.size());
    for (const std::string& word : entry.words) reply.Bulk(word);
    reply.Bulk(entry.client_address);
    reply.Bulk(entry.client_name);
  }
}

}  // namespace

void SlowLogGet(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(SubcommandSyntax("slowlog", args[1]));
  const std::optional<int64_t> count =
      args.size() == 2 ? std::optional(kDefaultCount) : Count(ctx, args[2]);
  if (count.has_value()) ReplyEntries(ctx.reply(), ctx.engine().slow_log, *count);
}

void SlowLogLen(CommandContext& ctx, Args) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.engine().slow_log.entries().size()));
}

void SlowLogReset(CommandContext& ctx, Args) {
  ctx.engine().slow_log.Clear();
  ctx.reply().Ok();
}

void SlowLogHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "GET [<count>]",
      "    The newest <count> entries (default: 10, -1: all). An entry is: id, time,",
      "    microseconds, words of the command, the client's address, its name.",
      "LEN",
      "    How many entries there are.",
      "RESET",
      "    Forgets all entries.",
  };
  ReplyHelp(ctx.reply(), "SLOWLOG", kLines);
}

void CommandLogGet(CommandContext& ctx, Args args) {
  const std::optional<int64_t> count = Count(ctx, args[2]);
  if (!count.has_value()) return;
  const SlowLog* log = LogOf(ctx, args[3]);
  if (log != nullptr) ReplyEntries(ctx.reply(), *log, *count);
}

void CommandLogLen(CommandContext& ctx, Args args) {
  const SlowLog* log = LogOf(ctx, args[2]);
  if (log != nullptr) ctx.reply().Integer(static_cast<int64_t>(log->entries().size()));
}

void CommandLogReset(CommandContext& ctx, Args args) {
  SlowLog* log = LogOf(ctx, args[2]);
  if (log == nullptr) return;
  log->Clear();
  ctx.reply().Ok();
}

void CommandLogHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "GET <count> <type>",
      "    The newest <count> entries (-1: all) of one type: slow, large-request,",
      "    large-reply. An entry is: id, time, microseconds or bytes, words of the",
      "    command, the client's address, its name.",
      "LEN <type>",
      "    How many entries there are.",
      "RESET <type>",
      "    Forgets all entries.",
  };
  ReplyHelp(ctx.reply(), "COMMANDLOG", kLines);
}

}  // namespace slotmesh::node
