// ROLE, REPLICAOF, WAIT and WAITAOF of a node that has no replicas.
#include <optional>

#include "node/commands/server_handlers.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kPortMax = 65535;
constexpr std::string_view kInCluster = "ERR REPLICAOF not allowed in cluster mode.";
constexpr std::string_view kNotYet = "ERR replication is not available yet";
constexpr std::string_view kNoAof =
    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

// The deadline in wall time, BlockedClients::kNoDeadline for 0; nothing, with the error replied.
std::optional<int64_t> Deadline(CommandContext& ctx, std::string_view word) {
  const std::optional<int64_t> millis = ParseInt64(word);
  int64_t deadline = 0;
  if (!millis.has_value()) {
    ctx.reply().Error(errors::kTimeoutNotInteger);
  } else if (*millis < 0) {
    ctx.reply().Error(errors::kTimeoutNegative);
  } else if (*millis == 0) {
    return BlockedClients::kNoDeadline;
  } else if (__builtin_add_overflow(*millis, ctx.now_ms(), &deadline)) {
    ctx.reply().Error("ERR timeout is out of range");
  } else {
    return deadline;
  }
  return std::nullopt;
}

// Replies now if nothing is wanted, or nobody can wait; else at the deadline: no replica will
// acknowledge before.
void WaitInVain(CommandContext& ctx, bool wanted, int64_t deadline,
                BlockedClients::WriteReply reply) {
  if (!wanted || !ctx.may_block()) return reply(ctx.client());
  ctx.engine().blocked.Block(ctx.client(), deadline, std::move(reply));
}

}  // namespace

void Role(CommandContext& ctx, Args) {
  ctx.reply().Array(3);
  ctx.reply().Bulk("master");
  ctx.reply().Integer(0);
  ctx.reply().EmptyArray();
}

void ReplicaOf(CommandContext& ctx, Args args) {
  if (ctx.engine().gate != nullptr) return ctx.reply().Error(kInCluster);
  // This node is nobody's replica.
  if (EqualsIgnoreCase(args[1], "no") && EqualsIgnoreCase(args[2], "one")) return ctx.reply().Ok();
  const std::optional<int64_t> port = ParseInt64(args[2]);
  if (!port.has_value() || *port < 0 || *port > kPortMax) {
    return ctx.reply().Error("ERR Invalid master port");
  }
  ctx.reply().Error(kNotYet);
}

void Wait(CommandContext& ctx, Args args) {
  const std::optional<int64_t> replicas = ParseInt64(args[1]);
  if (!replicas.has_value()) return ctx.reply().Error(errors::kNotInteger);
  const std::optional<int64_t> deadline = Deadline(ctx, args[2]);
  if (!deadline.has_value()) return;
  WaitInVain(ctx, *replicas > 0, *deadline, [](Client& client) { client.reply().Integer(0); });
}

void WaitAof(CommandContext& ctx, Args args) {
  const std::optional<int64_t> local = ParseInt64(args[1]);
  const std::optional<int64_t> replicas = ParseInt64(args[2]);
  if (!local.has_value() || *local < 0 || *local > 1) {
    return ctx.reply().Error("ERR value is out of range, value must between 0 and 1");
  }
  if (!replicas.has_value() || *replicas < 0) return ctx.reply().Error(errors::kMustBePositive);
  const std::optional<int64_t> deadline = Deadline(ctx, args[3]);
  if (!deadline.has_value()) return;
  if (*local > 0) return ctx.reply().Error(kNoAof);
  WaitInVain(ctx, *replicas > 0, *deadline, [](Client& client) {
    client.reply().Array(2);
    client.reply().Integer(0);
    client.reply().Integer(0);
  });
}

}  // namespace slotmesh::node
