#include "node/commands/hash_words.h"

#include "node/commands/lookup.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kFieldCount =
    "ERR numfields should be greater than 0 and match the provided number of fields";

}  // namespace

std::optional<FieldWords> FieldWordsOrReply(CommandContext& ctx, Args args, size_t first,
                                            size_t words_per_field) {
  for (size_t i = first; i + 1 < args.size(); ++i) {
    if (!EqualsIgnoreCase(args[i], "FIELDS")) continue;
    const std::optional<int64_t> count = IntegerOrReply(ctx, args[i + 1]);
    if (!count) return std::nullopt;
    const Args fields = args.subspan(i + 2);
    const size_t wanted = fields.size() / words_per_field;
    if (*count <= 0 || static_cast<uint64_t>(*count) != wanted ||
        fields.size() % words_per_field != 0) {
      break;
    }
    return FieldWords{args.subspan(first, i - first), fields};
  }
  ctx.reply().Error(kFieldCount);
  return std::nullopt;
}

std::optional<UnixMillis> FieldExpiryOrReply(CommandContext& ctx, std::string_view amount,
                                             TimeUnit unit, UnixMillis base) {
  const std::optional<int64_t> value = IntegerOrReply(ctx, amount);
  if (!value) return std::nullopt;
  const std::optional<int64_t> millis = ToMillis(*value, unit);
  if (!millis || *millis < 0 || *millis > INT64_MAX - base) {
    ctx.reply().Error(InvalidExpire(ctx.command().full_name()));
    return std::nullopt;
  }
  return *millis + base;
}

}  // namespace slotmesh::node
