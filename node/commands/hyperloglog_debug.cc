// PFDEBUG and PFSELFTEST.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/random/distributions.h"
#include "node/commands/hyperloglog_handlers.h"
#include "node/commands/lookup.h"
#include "node/data/hyperloglog.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNoSuchKey = "ERR The specified key does not exist";
constexpr std::string_view kNotSparse = "ERR HLL encoding is not sparse";

// Makes the value dense; false with the error replied if it is corrupt.
bool MakeDense(CommandContext& ctx, EntryRef& ref, const HashedKey& key, std::string* bytes) {
  if (!MakeHllDense(bytes)) {
    ctx.reply().Error(kCorruptHll);
    return false;
  }
  PutHll(ctx, ref, key, *bytes);
  ctx.MarkChanged();
  return true;
}

void ReplyRegisters(CommandContext& ctx, std::string_view bytes) {
  ctx.reply().Array(kHllRegisters);
  for (int i = 0; i < kHllRegisters; ++i) ctx.reply().Integer(DenseHllRegister(bytes, i));
}

// Registers that are written read back as they should.
bool RegistersWork(absl::BitGenRef random) {
  constexpr int kRounds = 100;
  std::string bytes = EmptyHll();
  MakeHllDense(&bytes);
  const auto model = std::make_unique<HllRegisters>();
  model->fill(0);
  for (int i = 0; i < kRounds * kHllRegisters / 8; ++i) {
    const int index = absl::Uniform<int>(random, 0, kHllRegisters);
    const auto value = static_cast<uint8_t>(absl::Uniform<int>(random, 1, 64));
    RaiseDenseHll(bytes.data(), {index, value});
    (*model)[index] = std::max((*model)[index], value);
    if (DenseHllRegister(bytes, index) != (*model)[index]) return false;
  }
  const auto read = std::make_unique<HllRegisters>();
  read->fill(0);
  return MergeHll(bytes, read.get()) && *read == *model;
}

// A dense and a sparse one with the same elements agree, and their count is near the number.
bool EstimatesWork(CommandContext& ctx) {
  constexpr uint64_t kElements = 1'000'000;
  // Seven standard errors, and one element more for small numbers.
  constexpr double kErrorMax = 7 * 0.0081;
  std::string dense = EmptyHll();
  std::string sparse = dense;
  MakeHllDense(&dense);
  const uint64_t seed = absl::Uniform<uint64_t>(ctx.random());
  uint64_t check_at = 1;
  for (uint64_t i = 1; i <= kElements; ++i) {
    const uint64_t element = i ^ seed;
    const HllRegister to =
        HllRegisterOf({reinterpret_cast<const char*>(&element), sizeof(element)});
    RaiseDenseHll(dense.data(), to);
    RaiseHll(&sparse, to, ctx.engine().config.hll_sparse_max_bytes);
    if (i != check_at) continue;
    check_at *= 10;
    HllRegisters a = {};
    HllRegisters b = {};
    if (!MergeHll(dense, &a) || !MergeHll(sparse, &b) || a != b) return false;
    const double error = std::abs(static_cast<double>(CountHll(a)) - static_cast<double>(i));
    if (error > std::ceil(kErrorMax * static_cast<double>(i)) + 1) return false;
  }
  return true;
}

}  // namespace

// PFDEBUG GETREG|DECODE|ENCODING|TODENSE key
void PfDebug(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(2);
  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  if (!ref) return ctx.reply().Error(kNoSuchKey);
  IntText scratch;
  const std::optional<std::string_view> found = HllBytes(ctx, *ref, scratch);
  if (!found) return;
  std::string bytes(*found);
  const bool dense = IsHllDense(bytes);
  if (EqualsIgnoreCase(args[1], "GETREG")) {
    if (dense || MakeDense(ctx, ref, key, &bytes)) ReplyRegisters(ctx, bytes);
  } else if (EqualsIgnoreCase(args[1], "DECODE")) {
    if (dense) return ctx.reply().Error(kNotSparse);
    const std::optional<std::string> text = DescribeSparseHll(bytes);
    if (!text) return ctx.reply().Error(kCorruptHll);
    ctx.reply().Bulk(*text);
  } else if (EqualsIgnoreCase(args[1], "ENCODING")) {
    ctx.reply().Simple(dense ? "dense" : "sparse");
  } else if (EqualsIgnoreCase(args[1], "TODENSE")) {
    if (dense || MakeDense(ctx, ref, key, &bytes)) ctx.reply().Integer(dense ? 0 : 1);
  } else {
    ctx.reply().Error(StrCat("ERR Unknown PFDEBUG subcommand '", args[1], "'"));
  }
}

// PFSELFTEST
void PfSelfTest(CommandContext& ctx, Args args) {
  if (!RegistersWork(ctx.random())) return ctx.reply().Error("TESTFAILED registers are wrong");
  if (!EstimatesWork(ctx)) return ctx.reply().Error("TESTFAILED an estimate is too far off");
  ctx.reply().Ok();
}

}  // namespace slotmesh::node
