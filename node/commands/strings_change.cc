// String commands that change a value in place: counters, APPEND, SETRANGE.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "node/commands/lookup.h"
#include "node/commands/strings_handlers.h"

namespace slotmesh::node {
namespace {

// False, with the error replied, if a string of `size` and `more` bytes would be too long.
bool CheckLength(CommandContext& ctx, uint64_t size, uint64_t more) {
  if (IsFromAnotherCopy(ctx.origin())) return true;
  const auto limit = static_cast<uint64_t>(ctx.engine().config.proto_max_bulk_len);
  if (size <= limit && more <= limit - size) return true;
  ctx.reply().Error(errors::kStringTooLong);
  return false;
}

void AddInteger(CommandContext& ctx, int64_t increment) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  int64_t value = 0;
  if (ref) {
    if (ref->is_integer()) {
      value = ref->integer();
    } else {
      IntText scratch;
      const std::optional<int64_t> old = IntegerOrReply(ctx, ref->string_bytes(scratch));
      if (!old) return;
      value = *old;
    }
  }
  if (__builtin_add_overflow(value, increment, &value)) {
    return ctx.reply().Error(errors::kIncrOverflow);
  }
  if (ref) {
    ctx.db().SetInteger(ref, key, value);
  } else {
    PutString(ctx, ref, key, IntegerWord(value), {});
  }
  ctx.MarkChanged();
  ctx.Notify(kNotifyString, "incrby", key.bytes);
  ctx.reply().Integer(value);
}

}  // namespace

void Incr(CommandContext& ctx, Args args) { AddInteger(ctx, 1); }
void Decr(CommandContext& ctx, Args args) { AddInteger(ctx, -1); }

void IncrBy(CommandContext& ctx, Args args) {
  const std::optional<int64_t> increment = IntegerOrReply(ctx, args[2]);
  if (increment) AddInteger(ctx, *increment);
}

void DecrBy(CommandContext& ctx, Args args) {
  const std::optional<int64_t> decrement = IntegerOrReply(ctx, args[2]);
  if (!decrement) return;
  if (*decrement == INT64_MIN) return ctx.reply().Error(errors::kDecrOverflow);
  AddInteger(ctx, -*decrement);
}

// INCRBYFLOAT key increment: the new value. Copies get it as it is, so that they need not agree on
// arithmetic.
void IncrByFloat(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  IntText scratch;
  const std::optional<long double> old =
      ref ? ParseLongDouble(ref->string_bytes(scratch)) : std::optional<long double>(0);
  const std::optional<long double> increment = ParseLongDouble(args[2]);
  if (!old || !increment) return ctx.reply().Error(errors::kNotFloat);
  const long double sum = *old + *increment;
  if (std::isnan(sum) || std::isinf(sum)) return ctx.reply().Error(errors::kIncrNan);
  const std::string text = LongDoubleText(sum);
  PutString(ctx, ref, key, text, {.keep_ttl = true});
  ctx.MarkChanged();
  ctx.Notify(kNotifyString, "incrbyfloat", key.bytes);
  if (ctx.wants_effects()) ctx.Effect({"SET", key.bytes, text, "KEEPTTL"});
  ctx.reply().Bulk(text);
}

// APPEND key value: the new length.
void Append(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  size_t length = args[2].size();
  if (!ref) {
    PutString(ctx, ref, key, args[2], {});
  } else {
    const size_t old_length = ref->string_length();
    if (!CheckLength(ctx, old_length, length)) return;
    ctx.db().AppendString(ref, key, args[2]);
    length += old_length;
  }
  ctx.MarkChanged();
  ctx.Notify(kNotifyString, "append", key.bytes);
  ctx.reply().Integer(static_cast<int64_t>(length));
}

// SETRANGE key offset value: the new length. An empty value changes and creates nothing.
void SetRange(CommandContext& ctx, Args args) {
  const std::optional<int64_t> offset = IntegerOrReply(ctx, args[2]);
  if (!offset) return;
  if (*offset < 0) return ctx.reply().Error(errors::kOffsetOutOfRange);
  const HashedKey key = ctx.Key(1);
  const std::string_view value = args[3];
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  const size_t old_length = ref ? ref->string_length() : 0;
  if (value.empty()) return ctx.reply().Integer(static_cast<int64_t>(old_length));
  const auto begin = static_cast<size_t>(*offset);
  if (!CheckLength(ctx, begin, value.size())) return;
  if (!ref) PutString(ctx, ref, key, "", {});
  const size_t length = std::max(old_length, begin + value.size());
  char* bytes = ctx.db().ResizeString(ref, key, length);
  std::memcpy(bytes + begin, value.data(), value.size());
  ctx.MarkChanged();
  ctx.Notify(kNotifyString, "setrange", key.bytes);
  ctx.reply().Integer(static_cast<int64_t>(length));
}

}  // namespace slotmesh::node
