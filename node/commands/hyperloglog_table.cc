// The rows of the HyperLogLog commands.
#include "node/commands/hyperloglog.h"
#include "node/commands/hyperloglog_handlers.h"

namespace slotmesh::node {
namespace {

using slots::KeyFlag;
using slots::KeySpec;

constexpr CommandSpec kHyperLogLogCommands[] = {
    {
        .name = "pfadd",
        .handler = &PfAdd,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kWrite | Flag::kDenyOom | Flag::kFast,
        .keys = {KeySpec::At(1, KeyFlag::kRw | KeyFlag::kInsert)},
        .acl = Acl::kHyperLogLog,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Adds elements to a HyperLogLog.",
        .complexity = "O(1) an element.",
        .arguments = "key#0 [element+]",
    },
    {
        .name = "pfcount",
        .handler = &PfCount,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kReadOnly | Flag::kMayReplicate,
        .keys = {KeySpec::Range({.first = 1, .last = -1, .step = 1},
                                KeyFlag::kRw | KeyFlag::kAccess)},
        .acl = Acl::kHyperLogLog,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "About how many different elements were added to one or several HyperLogLogs.",
        .complexity = "O(1) for one key, O(N) with bigger constants for N keys.",
        .arguments = "key#0+",
    },
    {
        .name = "pfdebug",
        .handler = &PfDebug,
        .arity = Arity::Exactly(3),
        .flags = Flag::kWrite | Flag::kDenyOom | Flag::kAdmin | Flag::kSysCmd,
        .keys = {KeySpec::At(2, KeyFlag::kRw | KeyFlag::kAccess)},
        .acl = Acl::kHyperLogLog,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "What a HyperLogLog is made of inside.",
        .complexity = "O(1), with the size of a HyperLogLog as a constant.",
        .arguments = "subcommand key#0",
    },
    {
        .name = "pfmerge",
        .handler = &PfMerge,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kWrite | Flag::kDenyOom,
        .keys = {KeySpec::At(1, KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kInsert),
                 KeySpec::Range({.first = 2, .last = -1, .step = 1},
                                KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kHyperLogLog,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Merges HyperLogLogs into one.",
        .complexity = "O(N) for N HyperLogLogs, with big constants.",
        .arguments = "destkey:key#0 [sourcekey:key#1+]",
    },
    {
        .name = "pfselftest",
        .handler = &PfSelfTest,
        .arity = Arity::Exactly(1),
        .flags = Flag::kAdmin | Flag::kSysCmd,
        .acl = Acl::kHyperLogLog,
        .group = "hyperloglog",
        .since = "2.8.9",
        .summary = "Checks the implementation of HyperLogLogs.",
        .complexity = "O(1), with a constant of seconds.",
    },
};
static_assert(AllValid(kHyperLogLogCommands));

}  // namespace

absl::Span<const CommandSpec> HyperLogLogCommands() { return kHyperLogLogCommands; }

}  // namespace slotmesh::node
