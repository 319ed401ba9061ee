#include "node/commands/scan_request.h"

#include <algorithm>
#include <charconv>

#include "node/commands/lookup.h"
#include "node/resp/glob.h"
#include "node/types/module_values.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// A cursor as strtoul reads it, which is what clients may rely on: a sign and leading zeros are
// taken, an empty word is 0.
std::optional<uint64_t> ParseCursor(std::string_view word) {
  bool negative = false;
  if (!word.empty() && (word[0] == '+' || word[0] == '-')) {
    negative = word[0] == '-';
    word.remove_prefix(1);
    if (word.empty()) return std::nullopt;
  }
  uint64_t cursor = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), cursor);
  if (error == std::errc::result_out_of_range || end != word.data() + word.size()) {
    return std::nullopt;
  }
  return negative ? -cursor : cursor;
}

bool IsTypeName(std::string_view word) {
  constexpr std::string_view kNames[] = {"string", "list", "set", "zset", "hash", "stream"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](std::string_view name) { return EqualsIgnoreCase(word, name); });
}

bool Refuse(CommandContext& ctx, std::string_view error = errors::kSyntax) {
  ctx.reply().Error(error);
  return false;
}

}  // namespace

bool ScanRequest::Matches(std::string_view text) const {
  return !pattern || GlobMatches(*pattern, text);
}

std::optional<uint64_t> CursorOrReply(CommandContext& ctx, std::string_view word) {
  const std::optional<uint64_t> cursor = ParseCursor(word);
  if (!cursor) ctx.reply().Error(errors::kInvalidCursor);
  return cursor;
}

bool ParseScanOptions(CommandContext& ctx, Args options, ScanTarget target, ScanRequest* request) {
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string_view word = options[i];
    if (EqualsIgnoreCase(word, "NOVALUES")) {
      if (target == ScanTarget::kKeys) return Refuse(ctx);
      if (target != ScanTarget::kHash) {
        return Refuse(ctx, "ERR NOVALUES option can only be used in HSCAN");
      }
      request->no_values = true;
      continue;
    }
    if (EqualsIgnoreCase(word, "NOSCORES")) {
      if (target == ScanTarget::kKeys) return Refuse(ctx);
      if (target != ScanTarget::kSortedSet) {
        return Refuse(ctx, "ERR NOSCORES option can only be used in ZSCAN");
      }
      request->no_values = true;
      continue;
    }
    if (++i == options.size()) return Refuse(ctx);
    if (EqualsIgnoreCase(word, "COUNT")) {
      const std::optional<int64_t> count = IntegerOrReply(ctx, options[i]);
      if (!count) return false;
      if (*count < 1) return Refuse(ctx);
      request->count = *count;
    } else if (EqualsIgnoreCase(word, "MATCH")) {
      request->pattern = options[i];
      if (options[i] == "*") request->pattern.reset();
    } else if (EqualsIgnoreCase(word, "TYPE") && target == ScanTarget::kKeys) {
      const ModuleValues* modules = ctx.engine().type_settings.module_values;
      if (!IsTypeName(options[i]) && (modules == nullptr || !modules->HasType(options[i]))) {
        return Refuse(ctx, StrCat("ERR unknown type name '", options[i], "'"));
      }
      request->type = options[i];
    } else {
      return Refuse(ctx);
    }
  }
  return true;
}

}  // namespace slotmesh::node
