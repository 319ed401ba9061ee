// FLUSHALL, FLUSHDB, SWAPDB.
#include <optional>

#include "node/command/server_observer.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kFirstIndex = "ERR invalid first DB index";
constexpr std::string_view kSecondIndex = "ERR invalid second DB index";
constexpr std::string_view kSwapInCluster = "ERR SWAPDB is not allowed in cluster mode";

// While it lives, what is thrown away is freed on the spot if `sync`.
class FreeingMode {
 public:
  FreeingMode(Keyspace& keyspace, bool sync) : keyspace_(keyspace), before_(keyspace.reclaimer()) {
    if (sync) keyspace_.set_reclaimer(nullptr);
  }
  ~FreeingMode() { keyspace_.set_reclaimer(before_); }
  FreeingMode(const FreeingMode&) = delete;
  FreeingMode& operator=(const FreeingMode&) = delete;

 private:
  Keyspace& keyspace_;
  Reclaimer* before_;
};

// Whether the flush is to free on the spot; nothing, with the error replied, for other words.
std::optional<bool> IsSync(CommandContext& ctx, Args args) {
  if (args.size() == 1) return !ctx.engine().config.lazyfree_lazy_user_flush;
  if (args.size() == 2 && EqualsIgnoreCase(args[1], "sync")) return true;
  if (args.size() == 2 && EqualsIgnoreCase(args[1], "async")) return false;
  ctx.reply().Error(errors::kSyntax);
  return std::nullopt;
}

// A flush goes to copies even if there was nothing here.
void Flushed(CommandContext& ctx, uint64_t keys) {
  ctx.MarkChanged(static_cast<int64_t>(keys));
  ctx.JournalVerbatim();
  ctx.reply().Ok();
}

// Nothing, with the error replied, if the word is no integer.
std::optional<int64_t> Index(CommandContext& ctx, std::string_view word, std::string_view error) {
  const std::optional<int64_t> index = ParseInt64(word);
  if (!index.has_value() || *index < INT32_MIN || *index > INT32_MAX) {
    ctx.reply().Error(error);
    return std::nullopt;
  }
  return index;
}

}  // namespace

void FlushAll(CommandContext& ctx, Args args) {
  const std::optional<bool> sync = IsSync(ctx, args);
  if (!sync.has_value()) return;
  const FreeingMode mode(ctx.keyspace(), *sync);
  const uint64_t keys = ctx.keyspace().size();
  Tell(ctx.engine(), &ServerObserver::OnFlush, -1, !*sync, true);
  ctx.keyspace().Flush();
  Tell(ctx.engine(), &ServerObserver::OnFlush, -1, !*sync, false);
  Persistence& persistence = ctx.family<ServerFamily>().persistence;
  (void)persistence.CancelBackgroundSave();
  if (!persistence.has_save_points()) return Flushed(ctx, keys);
  // The file must not bring back at the next start what is gone now.
  (void)persistence.Save();
  Flushed(ctx, 0);
}

void FlushDb(CommandContext& ctx, Args args) {
  const std::optional<bool> sync = IsSync(ctx, args);
  if (!sync.has_value()) return;
  const FreeingMode mode(ctx.keyspace(), *sync);
  const uint64_t keys = ctx.db().size();
  const int database = ctx.client().database;
  Tell(ctx.engine(), &ServerObserver::OnFlush, database, !*sync, true);
  ctx.db().Flush();
  Tell(ctx.engine(), &ServerObserver::OnFlush, database, !*sync, false);
  Flushed(ctx, keys);
}

void SwapDb(CommandContext& ctx, Args args) {
  if (ctx.keyspace().cluster()) return ctx.reply().Error(kSwapInCluster);
  const std::optional<int64_t> a = Index(ctx, args[1], kFirstIndex);
  if (!a.has_value()) return;
  const std::optional<int64_t> b = Index(ctx, args[2], kSecondIndex);
  if (!b.has_value()) return;
  const int64_t count = ctx.keyspace().database_count();
  if (*a < 0 || *a >= count || *b < 0 || *b >= count) {
    return ctx.reply().Error(errors::kDbIndexOutOfRange);
  }
  if (*a != *b) ctx.keyspace().Swap(static_cast<int>(*a), static_cast<int>(*b));
  ctx.MarkChanged();
  ctx.reply().Ok();
}

}  // namespace slotmesh::node
