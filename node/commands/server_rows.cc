// The rows of the server commands without subcommands, and of WAIT and WAITAOF.
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"

namespace slotmesh::node {
namespace {

constexpr CommandSpec kRows[] = {
    {
        .name = "bgrewriteaof",
        .handler = &BgRewriteAof,
        .arity = Arity::Exactly(1),
        .flags = Flag::kNoAsyncLoading | Flag::kAdmin | Flag::kNoScript,
        .group = "server",
        .since = "1.0.0",
        .summary = "Writes the append-only file anew (not available yet).",
        .complexity = "O(1)",
    },
    {
        .name = "bgsave",
        .handler = &BgSave,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kNoAsyncLoading | Flag::kAdmin | Flag::kNoScript,
        .group = "server",
        .since = "1.0.0",
        .summary = "Saves all data in the background (not available yet).",
        .complexity = "O(1)",
        .history = {{"3.2.2", "`SCHEDULE` waits for its turn."}, {"8.1.0", "`CANCEL` ends it."}},
        .arguments = "[operation<!SCHEDULE@3.2.2|!CANCEL@8.1.0>]",
    },
    {
        .name = "debug",
        .handler = &Debug,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kAdmin | Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kProtected |
                 Flag::kSysCmd,
        .group = "server",
        .since = "1.0.0",
        .summary = "What tests and fault finding need.",
        .complexity = "Depends on subcommand.",
    },
    {
        .name = "flushall",
        .handler = &FlushAll,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kWrite,
        .acl = Acl::kKeyspace | Acl::kDangerous,
        .tips = {"request_policy:all_shards", "response_policy:all_succeeded"},
        .group = "server",
        .since = "1.0.0",
        .summary = "Removes all keys of all databases.",
        .complexity = "O(N) where N is the total number of keys in all databases",
        .history = {{"4.0.0", "`ASYNC` frees in the background."},
                    {"6.2.0", "`SYNC` frees at once."}},
        .arguments = "[flush-type<!ASYNC@4.0.0|!SYNC@6.2.0>]",
    },
    {
        .name = "flushdb",
        .handler = &FlushDb,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kWrite,
        .acl = Acl::kKeyspace | Acl::kDangerous,
        .tips = {"request_policy:all_shards", "response_policy:all_succeeded"},
        .group = "server",
        .since = "1.0.0",
        .summary = "Removes all keys of the database.",
        .complexity = "O(N) where N is the number of keys in the selected database",
        .history = {{"4.0.0", "`ASYNC` frees in the background."},
                    {"6.2.0", "`SYNC` frees at once."}},
        .arguments = "[flush-type<!ASYNC@4.0.0|!SYNC@6.2.0>]",
    },
    {
        .name = "info",
        .handler = &Info,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kLoading | Flag::kStale,
        .acl = Acl::kDangerous,
        .tips = {"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
        .group = "server",
        .since = "1.0.0",
        .summary = "Facts and counters of the server.",
        .complexity = "O(1)",
        .history = {{"7.0.0", "Takes several sections."}},
        .arguments = "[section+]",
    },
    {
        .name = "lastsave",
        .handler = &LastSave,
        .arity = Arity::Exactly(1),
        .flags = Flag::kLoading | Flag::kStale | Flag::kFast,
        .acl = Acl::kAdmin | Acl::kDangerous,
        .tips = {"nondeterministic_output"},
        .group = "server",
        .since = "1.0.0",
        .summary = "When the data was last saved.",
        .complexity = "O(1)",
    },
    {
        .name = "lolwut",
        .handler = &LolWut,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kReadOnly | Flag::kFast,
        .group = "server",
        .since = "5.0.0",
        .summary = "A picture, and the version.",
        .complexity = "O(1)",
        .arguments = "[VERSION=version:integer]",
    },
    {
        .name = "monitor",
        .handler = &Monitor,
        .arity = Arity::Exactly(1),
        .flags = Flag::kAdmin | Flag::kNoScript | Flag::kLoading | Flag::kStale,
        .group = "server",
        .since = "1.0.0",
        .summary = "Shows this connection every command that runs.",
        .complexity = "O(1), and O(1) more for each command while it lasts",
    },
    {
        .name = "save",
        .handler = &Save,
        .arity = Arity::Exactly(1),
        .flags = Flag::kNoAsyncLoading | Flag::kAdmin | Flag::kNoScript | Flag::kNoMulti,
        .group = "server",
        .since = "1.0.0",
        .summary = "Saves all data, while clients wait.",
        .complexity = "O(N) where N is the total number of keys in all databases",
    },
    {
        .name = "shutdown",
        .handler = &Shutdown,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kAdmin | Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kNoMulti |
                 Flag::kAllowBusy,
        .group = "server",
        .since = "1.0.0",
        .summary = "Ends the server.",
        .complexity = "O(N) when saving, where N is the total number of keys in all databases when "
                      "saving data, otherwise O(1)",
        .history = {{"7.0.0", "`NOW`, `FORCE` and `ABORT`."}},
        .arguments =
            "[abort-selector<save-selector-block([save-selector<!NOSAVE|!SAVE>] [!NOW@7.0.0] "
            "[!FORCE@7.0.0])|!ABORT@7.0.0>]",
    },
    {
        .name = "swapdb",
        .handler = &SwapDb,
        .arity = Arity::Exactly(3),
        .flags = Flag::kWrite | Flag::kFast,
        .acl = Acl::kKeyspace | Acl::kDangerous,
        .group = "server",
        .since = "4.0.0",
        .summary = "Lets two databases trade places.",
        .complexity = "O(N) where N is the count of clients watching or blocking on keys from both "
                      "databases.",
        .arguments = "index1:integer index2:integer",
    },
    {
        .name = "time",
        .handler = &Time,
        .arity = Arity::Exactly(1),
        .flags = Flag::kLoading | Flag::kStale | Flag::kFast,
        .tips = {"nondeterministic_output"},
        .group = "server",
        .since = "2.6.0",
        .summary = "The server's time.",
        .complexity = "O(1)",
    },
};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> ServerPlainCommands() { return kRows; }

}  // namespace slotmesh::node
