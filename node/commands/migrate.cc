#include "node/commands/migrate.h"

#include <algorithm>
#include <string>
#include <utility>

#include "node/commands/lookup.h"
#include "slots/movable_keys.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using slots::KeyFlag;
using slots::KeySpec;

constexpr size_t kKeyWord = 3;
constexpr size_t kOptionsAt = 6;
constexpr absl::Duration kDefaultTimeout = absl::Seconds(1);
constexpr std::string_view kBothForms =
    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";
constexpr std::string_view kCannotWait =
    "ERR MIGRATE is not allowed inside a transaction or script";

// Options and keys. False with the refusal in the reply.
bool ParseOptions(CommandContext& ctx, Args args, MigrateTask* task, Args* keys) {
  *keys = args.subspan(kKeyWord, 1);
  for (size_t i = kOptionsAt; i < args.size(); ++i) {
    const size_t left = args.size() - i - 1;
    if (EqualsIgnoreCase(args[i], "COPY")) {
      task->copy = true;
    } else if (EqualsIgnoreCase(args[i], "REPLACE")) {
      task->replace = true;
    } else if (EqualsIgnoreCase(args[i], "AUTH") && left >= 1) {
      task->login = {.user = "", .password = std::string(args[i + 1])};
      ctx.Redact(++i);
    } else if (EqualsIgnoreCase(args[i], "AUTH2") && left >= 2) {
      task->login = {.user = std::string(args[i + 1]), .password = std::string(args[i + 2])};
      ctx.Redact(++i);
      ctx.Redact(++i);
    } else if (EqualsIgnoreCase(args[i], "KEYS")) {
      if (!args[kKeyWord].empty()) {
        ctx.reply().Error(kBothForms);
        return false;
      }
      *keys = args.subspan(i + 1);
      return true;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

// MIGRATE host port key|"" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user
// password] [KEYS key ...]: OK, or NOKEY if none of the keys is here.
void Migrate(CommandContext& ctx, Args args) {
  MigrateTask task;
  Args keys;
  if (!ParseOptions(ctx, args, &task, &keys)) return;
  const std::optional<int64_t> timeout = IntegerOrReply(ctx, args[5]);
  if (!timeout) return;
  const std::optional<int64_t> database = IntegerOrReply(ctx, args[4]);
  if (!database) return;
  task.timeout = *timeout > 0 ? absl::Milliseconds(*timeout) : kDefaultTimeout;
  task.database = *database;
  task.host = std::string(args[1]);
  // What is no port cannot be connected to: 0 cannot either.
  const std::optional<int64_t> port = ParseInt64(args[2]);
  task.port = port && *port > 0 && *port <= UINT16_MAX ? static_cast<uint16_t>(*port) : 0;
  for (const std::string_view key : keys) {
    const bool named = std::find(task.keys.begin(), task.keys.end(), key) != task.keys.end();
    if (named || FindForReading(ctx, ctx.Hash(key), ClientLookup(ctx)) == nullptr) continue;
    task.keys.emplace_back(key);
  }
  if (task.keys.empty()) return ctx.reply().Simple("NOKEY");
  Migrator* migrator = ctx.family<MigrateFamily>().migrator;
  if (!ctx.may_block() || migrator == nullptr) return ctx.reply().Error(kCannotWait);
  migrator->Begin(ctx.client(), std::move(task));
}

constexpr CommandSpec kRows[] = {{
    .name = "migrate",
    .handler = &Migrate,
    .arity = Arity::AtLeast(6),
    .flags = Flag::kWrite | Flag::kMigrate,
    .keys = {KeySpec::At(kKeyWord, KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kDelete),
             KeySpec::Keyword(
                 {.keyword = "KEYS", .start_from = -2, .last = -1},
                 KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kDelete | KeyFlag::kIncomplete)},
    .get_keys = &slots::MigrateKeys,
    .acl = Acl::kKeyspace | Acl::kDangerous,
    .tips = {"nondeterministic_output"},
    .group = "generic",
    .since = "2.6.0",
    .summary = "Moves keys to another server.",
    .complexity = "O(N) with the size of the values, here and at the target.",
    .history = {{"3.0.0", "`COPY` and `REPLACE`."},
                {"3.0.6", "`KEYS`."},
                {"4.0.7", "`AUTH`."},
                {"6.0.0", "`AUTH2`."}},
    .arguments = "host port:integer key-selector<key#0|!'\"\"'=empty-string> "
                 "destination-db:integer timeout:integer [!COPY@3.0.0] [!REPLACE@3.0.0] "
                 "[authentication<AUTH=auth{password}@4.0.7|AUTH2=auth2(username password)@6.0.0>] "
                 "[KEYS=keys:key#1{key}@3.0.6+]",
}};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> MigrateCommands() { return kRows; }

}  // namespace slotmesh::node
