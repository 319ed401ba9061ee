#include "node/commands/transactions.h"

#include <algorithm>
#include <utility>

#include "node/command/command_context.h"
#include "node/resp/errors.h"

namespace slotmesh::node {
namespace {

void Multi(CommandContext& ctx, Args) {
  ctx.client().transaction.active = true;
  ctx.reply().Ok();
}

void Discard(CommandContext& ctx, Args) {
  if (!ctx.client().transaction.active) return ctx.reply().Error(errors::kDiscardWithoutMulti);
  ctx.family<TransactionFamily>().dispatcher.DiscardTransaction(ctx.client());
  ctx.reply().Ok();
}

// True if a watched key was changed, or has expired since without being removed yet.
bool WatchBroken(CommandContext& ctx) {
  if (!ctx.client().watching) return false;
  if (ctx.client().watch_broken) return true;
  return ctx.engine().watches.AnyWatchedExpired(ctx.client(), [&](int database,
                                                                  std::string_view key) {
    const HashedKey hashed = ctx.Hash(key);
    Database& db = ctx.keyspace().database(database);
    return db.ContainsRaw(hashed) && db.FindRead(hashed, ctx.now_ms(), {false, false}) == nullptr;
  });
}

// Commands that leave data alone (CLUSTER's) may wait for their replies within a transaction:
// nothing that another client does in between can be seen through them.
bool MayWait(CommandContext& ctx, const Transaction& transaction) {
  return ctx.may_block() &&
         std::none_of(transaction.queued.begin(), transaction.queued.end(),
                      [](const QueuedCommand& queued) {
                        return queued.command->has_keys() ||
                               Has(queued.command->flags(), Flag::kWrite | Flag::kReadOnly);
                      });
}

// Runs what is left of a transaction that may wait; when a command waits, EXEC comes again behind
// it.
void RunWaiting(CommandContext& ctx) {
  Client& client = ctx.client();
  Dispatcher& dispatcher = ctx.family<TransactionFamily>().dispatcher;
  Transaction& transaction = client.transaction;
  client.rerun = {};
  while (transaction.begun < transaction.queued.size()) {
    const QueuedCommand& queued = transaction.queued[transaction.begun++];
    if (!dispatcher.CheckQueued(client, *queued.command, queued.args.view())) continue;
    dispatcher.Call(client, *queued.command, queued.args.view(), RequestOrigin::kExec);
    if (client.blocked == 0) continue;
    constexpr std::string_view kAgain[] = {"EXEC"};
    client.parked = OwnedArgs(kAgain);
    client.rerun.active = true;
    return;
  }
  dispatcher.DiscardTransaction(client);
}

// Runs EXEC's commands within it.
class ExecScope {
 public:
  explicit ExecScope(Engine& engine) : engine_(engine) { engine.in_exec = true; }
  ~ExecScope() { engine_.in_exec = false; }
  ExecScope(const ExecScope&) = delete;
  ExecScope& operator=(const ExecScope&) = delete;

 private:
  Engine& engine_;
};

void Exec(CommandContext& ctx, Args) {
  Client& client = ctx.client();
  Dispatcher& dispatcher = ctx.family<TransactionFamily>().dispatcher;
  const ExecScope scope(ctx.engine());
  if (client.transaction.running) return RunWaiting(ctx);
  if (!client.transaction.active) return ctx.reply().Error(errors::kExecWithoutMulti);
  const bool poisoned = client.transaction.poisoned;
  const bool broken = WatchBroken(ctx);
  Transaction transaction = std::move(client.transaction);
  dispatcher.DiscardTransaction(client);
  if (poisoned) return ctx.reply().Error(errors::kExecAbort);
  if (broken) return ctx.reply().NullArray();
  ctx.reply().Array(transaction.queued.size());
  if (MayWait(ctx, transaction)) {
    client.transaction.queued = std::move(transaction.queued);
    client.transaction.running = true;
    return RunWaiting(ctx);
  }
  for (const QueuedCommand& queued : transaction.queued) {
    if (!dispatcher.CheckQueued(client, *queued.command, queued.args.view())) continue;
    dispatcher.Call(client, *queued.command, queued.args.view(), RequestOrigin::kExec);
  }
}

void Watch(CommandContext& ctx, Args args) {
  Client& client = ctx.client();
  // Once broken, more keys make no difference: EXEC fails anyway.
  if (!client.watch_broken) {
    for (const std::string_view key : args.subspan(1)) {
      const HashedKey hashed = ctx.Hash(key);
      Database& db = ctx.db();
      const bool expired =
          db.ContainsRaw(hashed) && db.FindRead(hashed, ctx.now_ms(), {false, false}) == nullptr;
      ctx.engine().watches.Watch(client, client.database, key, expired);
    }
  }
  ctx.reply().Ok();
}

void Unwatch(CommandContext& ctx, Args) {
  ctx.engine().watches.Forget(ctx.client());
  ctx.reply().Ok();
}

constexpr Flag kAlways =
    Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kFast | Flag::kAllowBusy;

constexpr CommandSpec kRows[] = {
    {.name = "multi",
     .handler = &Multi,
     .arity = Arity::Exactly(1),
     .flags = kAlways | Flag::kNoMulti | Flag::kTransactionControl,
     .acl = Acl::kTransaction,
     .group = "transactions",
     .since = "1.2.0",
     .summary = "Begins a transaction: the commands that follow are queued.",
     .complexity = "O(1)"},
    {.name = "exec",
     .handler = &Exec,
     .arity = Arity::Exactly(1),
     .flags = Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kSkipCommandLog |
              Flag::kTransactionControl | Flag::kRunsTransaction,
     .acl = Acl::kTransaction,
     .group = "transactions",
     .since = "1.2.0",
     .summary = "Runs the queued commands of a transaction, with no other client's in between.",
     .complexity = "Depends on commands in the transaction"},
    {.name = "discard",
     .handler = &Discard,
     .arity = Arity::Exactly(1),
     .flags = kAlways | Flag::kTransactionControl,
     .acl = Acl::kTransaction,
     .group = "transactions",
     .since = "2.0.0",
     .summary = "Drops the queued commands of a transaction.",
     .complexity = "O(N), when N is the number of queued commands"},
    {.name = "watch",
     .handler = &Watch,
     .arity = Arity::AtLeast(2),
     .flags = kAlways | Flag::kNoMulti | Flag::kTransactionControl,
     .keys = {slots::KeySpec::Range({.first = 1, .last = -1}, slots::KeyFlag::kRo)},
     .acl = Acl::kTransaction,
     .group = "transactions",
     .since = "2.2.0",
     .summary = "Makes the next EXEC depend on keys staying as they are.",
     .complexity = "O(1) for every key.",
     .arguments = "key#0+"},
    {.name = "unwatch",
     .handler = &Unwatch,
     .arity = Arity::Exactly(1),
     .flags = kAlways,
     .acl = Acl::kTransaction,
     .group = "transactions",
     .since = "2.2.0",
     .summary = "Forgets the keys that this connection watches.",
     .complexity = "O(1)"},
};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> TransactionCommands() { return kRows; }

}  // namespace slotmesh::node
