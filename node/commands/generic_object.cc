// OBJECT: what is known of how a value is kept.
#include <cstdint>
#include <string_view>

#include "node/commands/generic_handlers.h"
#include "node/commands/lookup.h"
#include "node/keyspace/access_clock.h"

namespace slotmesh::node {
namespace {

// What REFCOUNT says of a small integer, which Redis shares between keys.
constexpr int64_t kSharedReferences = INT32_MAX;
constexpr int64_t kSharedIntegers = 10000;

constexpr std::string_view kNoLfu =
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
    "when switching between policies at runtime LRU and LFU data will take some time to adjust.";
constexpr std::string_view kNoLru =
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
    "switching between policies at runtime LRU and LFU data will take some time to adjust.";

// The entry of word 2. Null, with nil replied, if the key is absent.
const Entry* FindObject(CommandContext& ctx, Args args) {
  const Entry* entry = ctx.db().FindRead(ctx.Key(2), ctx.now_ms(), kPeek);
  if (entry == nullptr) ctx.reply().Null();
  return entry;
}

// Policies that need an access clock per key share no integers once there is a memory limit.
bool SharesIntegers(const Config& config) {
  if (config.maxmemory == 0) return true;
  switch (config.maxmemory_policy) {
    case MaxmemoryPolicy::kVolatileLru:
    case MaxmemoryPolicy::kVolatileLfu:
    case MaxmemoryPolicy::kAllkeysLru:
    case MaxmemoryPolicy::kAllkeysLfu:
      return false;
    case MaxmemoryPolicy::kVolatileRandom:
    case MaxmemoryPolicy::kVolatileTtl:
    case MaxmemoryPolicy::kAllkeysRandom:
    case MaxmemoryPolicy::kNoEviction:
      return true;
  }
  return true;
}

}  // namespace

void ObjectEncoding(CommandContext& ctx, Args args) {
  const Entry* entry = FindObject(ctx, args);
  if (entry != nullptr) ctx.reply().Bulk(EncodingName(entry->encoding()));
}

void ObjectRefCount(CommandContext& ctx, Args args) {
  const Entry* entry = FindObject(ctx, args);
  if (entry == nullptr) return;
  const bool shared = entry->is_string() && entry->is_integer() && entry->integer() >= 0 &&
                      entry->integer() < kSharedIntegers && SharesIntegers(ctx.engine().config);
  ctx.reply().Integer(shared ? kSharedReferences : 1);
}

void ObjectIdleTime(CommandContext& ctx, Args args) {
  const Entry* entry = FindObject(ctx, args);
  if (entry == nullptr) return;
  if (ctx.keyspace().access_policy() == AccessPolicy::kLfu) return ctx.reply().Error(kNoLru);
  ctx.reply().Integer(LruIdleSeconds(entry->access_clock(), ctx.now_ms()));
}

void ObjectFreq(CommandContext& ctx, Args args) {
  const Entry* entry = FindObject(ctx, args);
  if (entry == nullptr) return;
  if (ctx.keyspace().access_policy() != AccessPolicy::kLfu) return ctx.reply().Error(kNoLfu);
  ctx.reply().Integer(
      LfuCounter(entry->access_clock(), ctx.now_ms(), ctx.keyspace().lfu_settings()));
}

void ObjectHelp(CommandContext& ctx, Args args) {
  constexpr std::string_view kLines[] = {
      "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "ENCODING <key>",
      "    How the key's value is kept in memory.",
      "FREQ <key>",
      "    How often the key is used, as a logarithmic counter (LFU policies only).",
      "IDLETIME <key>",
      "    For how many seconds the key has not been used (not with LFU policies).",
      "REFCOUNT <key>",
      "    By how many users the key's value is shared.",
      "HELP",
      "    Prints this help.",
  };
  ctx.reply().Array(std::size(kLines));
  for (const std::string_view line : kLines) ctx.reply().Simple(line);
}

}  // namespace slotmesh::node
