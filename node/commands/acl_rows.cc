// The rows of ACL.
#include "node/commands/acl.h"
#include "node/commands/acl_handlers.h"

namespace slotmesh::node {
namespace {

constexpr Flag kQuestion = Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kSentinel;
constexpr Flag kAdministration = kQuestion | Flag::kAdmin;

constexpr CommandSpec kAcl[] = {
    {
        .name = "cat",
        .handler = &AclCat,
        .arity = Arity::AtLeast(2),
        .flags = kQuestion,
        .group = "server",
        .since = "6.0.0",
        .summary = "The categories of commands, or the commands of one.",
        .complexity = "O(1) since the categories and commands are a fixed set",
        .arguments = "[category]",
    },
    {
        .name = "deluser",
        .handler = &AclDelUser,
        .arity = Arity::AtLeast(3),
        .flags = kAdministration,
        .tips = {"request_policy:all_nodes", "response_policy:all_succeeded"},
        .group = "server",
        .since = "6.0.0",
        .summary = "Removes users and closes their connections.",
        .complexity = "O(1) amortized time considering the typical user",
        .arguments = "username+",
    },
    {
        .name = "dryrun",
        .handler = &AclDryRun,
        .arity = Arity::AtLeast(4),
        .flags = kAdministration,
        .group = "server",
        .since = "7.0.0",
        .summary = "Says whether a user may run a command, without running it.",
        .complexity = "O(1)",
        .arguments = "username command [arg+]",
    },
    {
        .name = "genpass",
        .handler = &AclGenPass,
        .arity = Arity::AtLeast(2),
        .flags = kQuestion,
        .group = "server",
        .since = "6.0.0",
        .summary = "Makes a password that nobody can guess.",
        .complexity = "O(1)",
        .arguments = "[bits:integer]",
    },
    {
        .name = "getuser",
        .handler = &AclGetUser,
        .arity = Arity::Exactly(3),
        .flags = kAdministration,
        .group = "server",
        .since = "6.0.0",
        .summary = "What a user is and may do.",
        .complexity = "O(N) where N is the number of rules that the user has",
        .history = {{"6.2.0", "Tells patterns of channels."},
                    {"7.0.0", "Tells selectors; patterns of keys and channels are one text."}},
        .arguments = "username",
    },
    {
        .name = "help",
        .handler = &AclHelp,
        .arity = Arity::Exactly(2),
        .flags = Flag::kLoading | Flag::kStale | Flag::kSentinel,
        .group = "server",
        .since = "6.0.0",
        .summary = "Lists the subcommands.",
        .complexity = "O(1)",
    },
    {
        .name = "list",
        .handler = &AclList,
        .arity = Arity::Exactly(2),
        .flags = kAdministration,
        .group = "server",
        .since = "6.0.0",
        .summary = "All users, as lines of a configuration file.",
        .complexity = "O(N) where N is the number of configured users",
    },
    {
        .name = "load",
        .handler = &AclLoad,
        .arity = Arity::Exactly(2),
        .flags = kAdministration,
        .group = "server",
        .since = "6.0.0",
        .summary = "Replaces the users by those of the ACL file.",
        .complexity = "O(N) where N is the number of configured users",
    },
    {
        .name = "log",
        .handler = &AclShowLog,
        .arity = Arity::AtLeast(2),
        .flags = kAdministration,
        .group = "server",
        .since = "6.0.0",
        .summary = "What was refused to users lately.",
        .complexity = "O(N) with N being the number of entries shown",
        .history = {{"7.2.0", "Entries have an id and the times of their first and last refusal."}},
        .arguments = "[operation<count:integer|!RESET>]",
    },
    {
        .name = "save",
        .handler = &AclSave,
        .arity = Arity::Exactly(2),
        .flags = kAdministration,
        .tips = {"request_policy:all_nodes", "response_policy:all_succeeded"},
        .group = "server",
        .since = "6.0.0",
        .summary = "Writes the users into the ACL file.",
        .complexity = "O(N) where N is the number of configured users",
    },
    {
        .name = "setuser",
        .handler = &AclSetUser,
        .arity = Arity::AtLeast(3),
        .flags = kAdministration,
        .tips = {"request_policy:all_nodes", "response_policy:all_succeeded"},
        .group = "server",
        .since = "6.0.0",
        .summary = "Makes a user, or changes what it is and may do.",
        .complexity = "O(N) where N is the number of rules provided",
        .history = {{"6.2.0", "Takes patterns of channels."},
                    {"7.0.0", "Takes selectors, and patterns of keys to read or to write."}},
        .arguments = "username [rule+]",
    },
    {
        .name = "users",
        .handler = &AclUserNames,
        .arity = Arity::Exactly(2),
        .flags = kAdministration,
        .group = "server",
        .since = "6.0.0",
        .summary = "The names of all users.",
        .complexity = "O(N) where N is the number of configured users",
    },
    {
        .name = "whoami",
        .handler = &AclWhoAmI,
        .arity = Arity::Exactly(2),
        .flags = kQuestion,
        .group = "server",
        .since = "6.0.0",
        .summary = "The name of this connection's user.",
        .complexity = "O(1)",
    },
};
static_assert(AllValid(kAcl));

constexpr CommandSpec kRows[] = {
    {
        .name = "acl",
        .arity = Arity::AtLeast(2),
        .flags = Flag::kSentinel,
        .group = "server",
        .since = "6.0.0",
        .summary = "Users and what they may do.",
        .complexity = "Depends on subcommand.",
        .subcommands = kAcl,
    },
};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> AclCommandRows() { return kRows; }

}  // namespace slotmesh::node
