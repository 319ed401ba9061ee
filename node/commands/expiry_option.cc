#include "node/commands/expiry_option.h"

#include "node/commands/lookup.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kHalfSecond = 500;

}  // namespace

ExpiryOption::Kind ExpiryOption::KindOf(std::string_view word) {
  if (EqualsIgnoreCase(word, "EX")) return Kind::kEx;
  if (EqualsIgnoreCase(word, "PX")) return Kind::kPx;
  if (EqualsIgnoreCase(word, "EXAT")) return Kind::kExAt;
  if (EqualsIgnoreCase(word, "PXAT")) return Kind::kPxAt;
  return Kind::kNone;
}

std::optional<int64_t> ToMillis(int64_t value, TimeUnit unit) {
  if (unit == TimeUnit::kMillis) return value;
  if (value > INT64_MAX / kMillisPerSecond || value < INT64_MIN / kMillisPerSecond) {
    return std::nullopt;
  }
  return value * kMillisPerSecond;
}

std::optional<UnixMillis> ExpiryOrReply(CommandContext& ctx, const ExpiryOption& option) {
  const std::optional<int64_t> amount = IntegerOrReply(ctx, option.amount);
  if (!amount) return std::nullopt;
  const std::optional<int64_t> millis = ToMillis(*amount, option.unit());
  const int64_t base = option.is_absolute() ? 0 : ctx.now_ms();
  if (!millis || *millis <= 0 || *millis > INT64_MAX - base) {
    ctx.reply().Error(InvalidExpire(ctx.command().full_name()));
    return std::nullopt;
  }
  return *millis + base;
}

int64_t RoundToSeconds(int64_t millis) {
  return millis / kMillisPerSecond + (millis % kMillisPerSecond >= kHalfSecond ? 1 : 0);
}

bool ParseExpireCondition(CommandContext& ctx, Args options, ExpireCondition* condition) {
  for (const std::string_view option : options) {
    if (EqualsIgnoreCase(option, "NX")) {
      condition->nx = true;
    } else if (EqualsIgnoreCase(option, "XX")) {
      condition->xx = true;
    } else if (EqualsIgnoreCase(option, "GT")) {
      condition->gt = true;
    } else if (EqualsIgnoreCase(option, "LT")) {
      condition->lt = true;
    } else {
      // As a C string.
      ctx.reply().Error(StrCat("ERR Unsupported option ", option.substr(0, option.find('\0'))));
      return false;
    }
  }
  if (condition->nx && (condition->xx || condition->gt || condition->lt)) {
    ctx.reply().Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (condition->gt && condition->lt) {
    ctx.reply().Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

bool IsPast(const CommandContext& ctx, UnixMillis expiry) {
  return expiry <= ctx.now_ms() && !IsFromAnotherCopy(ctx.origin());
}

void DeleteExpired(CommandContext& ctx, const HashedKey& key) {
  const bool lazy = ctx.engine().config.lazyfree_lazy_expire;
  ctx.db().Delete(key, ctx.now_ms(), lazy);
  ctx.MarkChanged();
  ctx.Notify(kNotifyGeneric, "del", key.bytes);
  if (ctx.wants_effects()) ctx.Effect({lazy ? "UNLINK" : "DEL", key.bytes});
}

}  // namespace slotmesh::node
