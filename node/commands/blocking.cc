#include "node/commands/blocking.h"

#include <cmath>
#include <utility>

#include "node/resp/errors.h"
#include "node/resp/numbers.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kOutOfRange = "ERR timeout is out of range";

std::optional<int64_t> DeadlineIn(CommandContext& ctx, int64_t millis) {
  int64_t deadline = 0;
  if (millis < 0) {
    ctx.reply().Error(errors::kTimeoutNegative);
    return std::nullopt;
  }
  if (millis == 0) return BlockedClients::kNoDeadline;
  if (__builtin_add_overflow(millis, ctx.now_ms(), &deadline)) {
    ctx.reply().Error(kOutOfRange);
    return std::nullopt;
  }
  return deadline;
}

}  // namespace

std::optional<int64_t> DeadlineOfSeconds(CommandContext& ctx, std::string_view word) {
  const std::optional<long double> seconds = ParseLongDouble(word);
  if (!seconds.has_value()) {
    ctx.reply().Error(errors::kTimeoutNotFloat);
    return std::nullopt;
  }
  const long double millis = std::ceil(*seconds * 1000);
  if (millis > static_cast<long double>(INT64_MAX)) {
    ctx.reply().Error(kOutOfRange);
    return std::nullopt;
  }
  // Below any integer is as negative as -1.
  return DeadlineIn(ctx, millis < 0 ? -1 : static_cast<int64_t>(millis));
}

std::optional<int64_t> DeadlineOfMillis(CommandContext& ctx, std::string_view word) {
  const std::optional<int64_t> millis = ParseInt64(word);
  if (!millis.has_value()) {
    ctx.reply().Error(errors::kTimeoutNotInteger);
    return std::nullopt;
  }
  return DeadlineIn(ctx, *millis);
}

void WaitForKeys(CommandContext& ctx, Args args, Args keys, KeyWaiters::Wish wish) {
  if (!ctx.may_block()) return wish.on_timeout(ctx.client());
  ctx.engine().key_waiters.Wait(ctx.client(), args, keys, std::move(wish));
}

}  // namespace slotmesh::node
