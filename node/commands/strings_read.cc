// String commands that only read.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node/commands/lookup.h"
#include "node/commands/prefetch.h"
#include "node/commands/strings_handlers.h"

namespace slotmesh::node {

// GET key: the value, nil if absent.
void Get(CommandContext& ctx, Args args) {
  const Entry* entry = nullptr;
  if (!FindString(ctx, ctx.Key(1), &entry)) return;
  if (entry == nullptr) return ctx.reply().Null();
  IntText scratch;
  ctx.reply().Bulk(entry->string_bytes(scratch));
}

// MGET key ...: the values; nil for a key that is absent or no string.
void MGet(CommandContext& ctx, Args args) {
  ctx.reply().Array(args.size() - 1);
  ForEachKeyAhead(ctx, args, /*first=*/1, /*step=*/1, [&](const HashedKey& key, size_t) {
    const Entry* entry = FindForReading(ctx, key, ClientLookup(ctx));
    if (entry == nullptr || !entry->is_string()) return ctx.reply().Null();
    IntText scratch;
    ctx.reply().Bulk(entry->string_bytes(scratch));
  });
}

// STRLEN key: bytes, 0 if absent.
void StrLen(CommandContext& ctx, Args args) {
  const Entry* entry = nullptr;
  if (!FindString(ctx, ctx.Key(1), &entry)) return;
  ctx.reply().Integer(entry == nullptr ? 0 : static_cast<int64_t>(entry->string_length()));
}

namespace {

// The bytes from `start` to `end`, both included; negative ones count from the end of the text.
std::string_view SubRange(std::string_view text, int64_t start, int64_t end) {
  const auto size = static_cast<int64_t>(text.size());
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max<int64_t>(0, start + size);
  if (end < 0) end = std::max<int64_t>(0, end + size);
  end = std::min(end, size - 1);
  if (start > end) return {};
  return text.substr(start, end - start + 1);
}

}  // namespace

// GETRANGE key start end (and its old name SUBSTR): empty for an absent key or a range outside.
void GetRange(CommandContext& ctx, Args args) {
  const std::optional<int64_t> start = IntegerOrReply(ctx, args[2]);
  if (!start) return;
  const std::optional<int64_t> end = IntegerOrReply(ctx, args[3]);
  if (!end) return;
  const Entry* entry = nullptr;
  if (!FindString(ctx, ctx.Key(1), &entry)) return;
  if (entry == nullptr) return ctx.reply().Bulk("");
  IntText scratch;
  ctx.reply().Bulk(SubRange(entry->string_bytes(scratch), *start, *end));
}

}  // namespace slotmesh::node
