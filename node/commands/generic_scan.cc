// Generic commands over a whole database: KEYS, SCAN, RANDOMKEY, DBSIZE.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/element_scan.h"
#include "node/commands/generic_handlers.h"
#include "node/commands/lookup.h"
#include "node/resp/glob.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kDefaultCount = 10;
// How many steps of the table SCAN may take for each key that was asked for.
constexpr int64_t kStepsPerCount = 10;

struct ScanRequest {
  uint64_t cursor = 0;
  int64_t count = kDefaultCount;
  std::optional<std::string_view> pattern;
  std::optional<std::string_view> type;
};

bool ParseScan(CommandContext& ctx, Args args, ScanRequest* request) {
  const std::optional<uint64_t> cursor = ParseScanCursor(args[1]);
  if (!cursor) {
    ctx.reply().Error(errors::kInvalidCursor);
    return false;
  }
  request->cursor = *cursor;
  for (size_t i = 2; i < args.size(); i += 2) {
    const bool has_value = i + 1 < args.size();
    if (EqualsIgnoreCase(args[i], "COUNT") && has_value) {
      const std::optional<int64_t> count = IntegerOrReply(ctx, args[i + 1]);
      if (!count) return false;
      if (*count < 1) break;
      request->count = *count;
    } else if (EqualsIgnoreCase(args[i], "MATCH") && has_value) {
      request->pattern = args[i + 1];
      if (args[i + 1] == "*") request->pattern.reset();
    } else if (EqualsIgnoreCase(args[i], "TYPE") && has_value) {
      request->type = args[i + 1];
    } else {
      break;
    }
    if (i + 2 >= args.size()) return true;
  }
  if (args.size() == 2) return true;
  ctx.reply().Error(errors::kSyntax);
  return false;
}

struct ScanResult {
  uint64_t cursor = 0;
  std::vector<std::string_view> keys;     // Borrowed from the database.
  std::vector<std::string> expired_keys;  // Met on the way and still to be removed.
};

ScanResult RunScan(CommandContext& ctx, const ScanRequest& request) {
  ScanResult result = {.cursor = request.cursor};
  int64_t met = 0;
  const auto visit = [&](const Entry& entry) {
    ++met;
    if (entry.IsExpired(ctx.now_ms())) {
      result.expired_keys.emplace_back(entry.key());
      return;
    }
    if (request.pattern && !GlobMatches(*request.pattern, entry.key())) return;
    if (request.type && !EqualsIgnoreCase(*request.type, entry.type_name())) return;
    result.keys.push_back(entry.key());
  };
  int64_t steps =
      request.count > INT64_MAX / kStepsPerCount ? INT64_MAX : request.count * kStepsPerCount;
  do {
    result.cursor = ctx.db().Scan(result.cursor, /*slot=*/-1, visit);
  } while (result.cursor != 0 && met < request.count && --steps > 0);
  return result;
}

}  // namespace

// KEYS pattern: all keys that match.
void Keys(CommandContext& ctx, Args args) {
  const std::string_view pattern = args[1];
  const bool all = pattern == "*";
  const Reply::Deferred keys = ctx.reply().DeferArray();
  size_t count = 0;
  ctx.db().ForEach([&](int, const Entry& entry) {
    if (!all && !GlobMatches(pattern, entry.key())) return;
    if (entry.IsExpired(ctx.now_ms())) return;
    ctx.reply().Bulk(entry.key());
    ++count;
  });
  ctx.reply().Finish(keys, count);
}

// SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]: the next cursor (0: done) and some keys.
void Scan(CommandContext& ctx, Args args) {
  ScanRequest request;
  if (!ParseScan(ctx, args, &request)) return;
  const ScanResult result = RunScan(ctx, request);
  ctx.reply().Array(2);
  ctx.reply().Bulk(absl::StrCat(result.cursor));
  ctx.reply().BulkStrings(result.keys);
  for (const std::string& key : result.expired_keys) {
    ctx.db().FindRead(ctx.Hash(key), ctx.now_ms(), {.touch = false, .count = false});
  }
}

// RANDOMKEY: nil if there is none.
void RandomKey(CommandContext& ctx, Args args) {
  const Entry* entry = ctx.db().RandomKey(ctx.random(), ctx.now_ms());
  if (entry == nullptr) return ctx.reply().Null();
  ctx.reply().Bulk(entry->key());
}

// DBSIZE
void DbSize(CommandContext& ctx, Args args) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.db().size()));
}

}  // namespace slotmesh::node
