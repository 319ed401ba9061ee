// Generic commands over a whole database: KEYS, SCAN, RANDOMKEY, DBSIZE.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/generic_handlers.h"
#include "node/commands/lookup.h"
#include "node/commands/random_key.h"
#include "node/commands/scan_request.h"
#include "node/resp/glob.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

struct ScanResult {
  uint64_t cursor = 0;
  std::vector<std::string_view> keys;     // Borrowed from the database.
  std::vector<std::string> expired_keys;  // Met on the way and still to be removed.
};

ScanResult RunScan(CommandContext& ctx, const ScanRequest& request) {
  ScanResult result;
  int64_t met = 0;
  const auto visit = [&](const Entry& entry) {
    ++met;
    if (request.type && !EqualsIgnoreCase(*request.type, entry.type_name())) return;
    if (entry.IsExpired(ctx.now_ms())) {
      result.expired_keys.emplace_back(entry.key());
      return;
    }
    if (!request.Matches(entry.key())) return;
    result.keys.push_back(entry.key());
  };
  result.cursor =
      request.Run(&met, [&](uint64_t cursor) { return ctx.db().Scan(cursor, /*slot=*/-1, visit); });
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
  const std::optional<uint64_t> cursor = CursorOrReply(ctx, args[1]);
  if (!cursor) return;
  request.cursor = *cursor;
  if (!ParseScanOptions(ctx, args.subspan(2), ScanTarget::kKeys, &request)) return;
  const ScanResult result = RunScan(ctx, request);
  ctx.reply().Array(2);
  ctx.reply().Bulk(absl::StrCat(result.cursor));
  ctx.reply().BulkStrings(result.keys);
  for (const std::string& key : result.expired_keys) {
    ctx.db().FindRead(ctx.Hash(key), ctx.now_ms(), {.touch = false, .count = false});
  }
}

// RANDOMKEY: nil if there is none. Expired ones that are met are removed; on a copy, which leaves
// that to its primary, so many of them count as none.
void RandomKey(CommandContext& ctx, Args args) {
  const std::optional<std::string> key = RandomLiveKey(ctx.engine(), ctx.db());
  if (!key.has_value()) return ctx.reply().Null();
  ctx.reply().Bulk(*key);
}

// DBSIZE
void DbSize(CommandContext& ctx, Args args) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.db().size()));
}

}  // namespace slotmesh::node
