// PFADD, PFCOUNT and PFMERGE. HyperLogLogs are strings: what they are made of stands in
// data/hyperloglog.h.
#include "node/commands/hyperloglog.h"

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/commands/hyperloglog_handlers.h"
#include "node/commands/lookup.h"
#include "node/data/hyperloglog.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNotHll = "WRONGTYPE Key is not a valid HyperLogLog string value.";

// Adds to a dense one, in place: nothing is written where nothing changes.
bool AddToDense(CommandContext& ctx, EntryRef& ref, const HashedKey& key, std::string_view bytes,
                Args elements) {
  char* writable = nullptr;
  for (const std::string_view element : elements) {
    const HllRegister to = HllRegisterOf(element);
    if (DenseHllRegister(bytes, to.index) >= to.value) continue;
    if (writable == nullptr) {
      writable = ctx.db().ResizeString(ref, key, kHllDenseSize);
      bytes = {writable, kHllDenseSize};
    }
    RaiseDenseHll(writable, to);
  }
  return writable != nullptr;
}

// The same for a sparse one (which may become dense) or an absent one. Nothing if it is corrupt.
std::optional<bool> AddToSparse(CommandContext& ctx, EntryRef& ref, const HashedKey& key,
                                std::string_view bytes, Args elements) {
  bool changed = !ref;
  std::string changed_bytes = ref ? std::string(bytes) : EmptyHll();
  const size_t sparse_max = ctx.engine().config.hll_sparse_max_bytes;
  for (const std::string_view element : elements) {
    switch (RaiseHll(&changed_bytes, HllRegisterOf(element), sparse_max)) {
      case HllChange::kNone:
        break;
      case HllChange::kRaised:
        changed = true;
        break;
      case HllChange::kCorrupt:
        return std::nullopt;
    }
  }
  if (!changed) return false;
  DropHllCount(changed_bytes.data());
  PutHll(ctx, ref, key, changed_bytes);
  return true;
}

// Merges the HyperLogLog under word `at`, if there is one. False with the error replied.
bool MergeKey(CommandContext& ctx, size_t at, HllRegisters* registers, bool* dense) {
  const Entry* entry = FindForReading(ctx, ctx.Key(at), ClientLookup(ctx));
  if (entry == nullptr) return true;
  IntText scratch;
  const std::optional<std::string_view> bytes = HllBytes(ctx, *entry, scratch);
  if (!bytes) return false;
  *dense = *dense || IsHllDense(*bytes);
  if (MergeHll(*bytes, registers)) return true;
  ctx.reply().Error(kCorruptHll);
  return false;
}

// PFCOUNT of one key: keeps what was counted in the value.
void CountOne(CommandContext& ctx) {
  const HashedKey key = ctx.Key(1);
  const Entry* entry = FindForReading(ctx, key, ClientLookup(ctx));
  if (entry == nullptr) return ctx.reply().Integer(0);
  IntText scratch;
  const std::optional<std::string_view> bytes = HllBytes(ctx, *entry, scratch);
  if (!bytes) return;
  const std::optional<uint64_t> cached = CachedHllCount(*bytes);
  if (cached) return ctx.reply().Integer(static_cast<int64_t>(*cached));
  const auto registers = std::make_unique<HllRegisters>();
  registers->fill(0);
  if (!MergeHll(*bytes, registers.get())) return ctx.reply().Error(kCorruptHll);
  const uint64_t count = CountHll(*registers);
  ctx.reply().Integer(static_cast<int64_t>(count));
  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  if (!ref) return;
  CacheHllCount(ctx.db().ResizeString(ref, key, ref->string_length()), count);
  ctx.MarkChanged();
}

}  // namespace

std::optional<std::string_view> HllBytes(CommandContext& ctx, const Entry& entry,
                                         IntText& scratch) {
  if (!entry.is_string()) {
    ctx.reply().Error(errors::kWrongType);
    return std::nullopt;
  }
  const std::string_view bytes = entry.string_bytes(scratch);
  if (IsHll(bytes)) return bytes;
  ctx.reply().Error(kNotHll);
  return std::nullopt;
}

void PutHll(CommandContext& ctx, EntryRef& ref, const HashedKey& key, std::string_view bytes) {
  if (!ref) PutString(ctx, ref, key, "", {});
  std::memcpy(ctx.db().ResizeString(ref, key, bytes.size()), bytes.data(), bytes.size());
}

// PFADD key [element ...]: 1 if the count may have changed.
void PfAdd(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  std::string_view bytes;
  IntText scratch;
  if (ref) {
    const std::optional<std::string_view> found = HllBytes(ctx, *ref, scratch);
    if (!found) return;
    bytes = *found;
  }
  const Args elements = args.subspan(2);
  const std::optional<bool> changed = ref && IsHllDense(bytes)
                                          ? AddToDense(ctx, ref, key, bytes, elements)
                                          : AddToSparse(ctx, ref, key, bytes, elements);
  if (!changed) return ctx.reply().Error(kCorruptHll);
  if (*changed) {
    ctx.MarkChanged();
    ctx.Notify(kNotifyString, "pfadd", key.bytes);
  }
  ctx.reply().Integer(*changed ? 1 : 0);
}

// PFCOUNT key ...: about how many different elements all of them have together.
void PfCount(CommandContext& ctx, Args args) {
  if (args.size() == 2) return CountOne(ctx);
  const auto registers = std::make_unique<HllRegisters>();
  registers->fill(0);
  bool dense = false;
  for (size_t at = 1; at < args.size(); ++at) {
    if (!MergeKey(ctx, at, registers.get(), &dense)) return;
  }
  ctx.reply().Integer(static_cast<int64_t>(CountHll(*registers)));
}

// PFMERGE destination [source ...]
void PfMerge(CommandContext& ctx, Args args) {
  const auto registers = std::make_unique<HllRegisters>();
  registers->fill(0);
  bool dense = false;
  for (size_t at = 1; at < args.size(); ++at) {
    if (!MergeKey(ctx, at, registers.get(), &dense)) return;
  }
  const HashedKey key = ctx.Key(1);
  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  IntText scratch;
  std::string merged = ref ? std::string(ref->string_bytes(scratch)) : EmptyHll();
  if (dense) MakeHllDense(&merged);
  const size_t sparse_max = ctx.engine().config.hll_sparse_max_bytes;
  for (int i = 0; i < kHllRegisters; ++i) {
    if ((*registers)[i] > 0) RaiseHll(&merged, {i, (*registers)[i]}, sparse_max);
  }
  DropHllCount(merged.data());
  PutHll(ctx, ref, key, merged);
  ctx.MarkChanged();
  ctx.Notify(kNotifyString, "pfadd", key.bytes);
  ctx.reply().Ok();
}

}  // namespace slotmesh::node
