// The rows of the bitmap commands.
#include "node/commands/bitmaps.h"
#include "node/commands/bitmaps_handlers.h"
#include "slots/movable_keys.h"

namespace slotmesh::node {
namespace {

using slots::KeyFlag;
using slots::KeySpec;

constexpr CommandSpec kBitmapCommands[] = {
    {
        .name = "bitcount",
        .handler = &BitCount,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kReadOnly,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kBitmap,
        .group = "bitmap",
        .since = "2.6.0",
        .summary = "How many bits of a string, or of a range of it, are 1.",
        .complexity = "O(N) for N bytes looked at.",
        .history = {{"7.0.0", "`BYTE` and `BIT`."}, {"8.0.0", "The end may be left out."}},
        .arguments = "key#0 [range(start:integer [end-unit-block(end:integer "
                     "[unit<!BYTE|!BIT>@7.0.0])])]",
    },
    {
        .name = "bitfield",
        .handler = &BitFieldCommand,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kWrite | Flag::kDenyOom,
        .keys = {KeySpec::At(
            1, KeyFlag::kRw | KeyFlag::kUpdate | KeyFlag::kAccess | KeyFlag::kVariableFlags)},
        .get_keys = &slots::BitFieldKeys,
        .acl = Acl::kBitmap,
        .group = "bitmap",
        .since = "3.2.0",
        .summary = "Reads, sets and adds to integers of any width at any bit of a string.",
        .complexity = "O(1) for each operation.",
        .arguments = "key#0 [operation<GET=get-block(encoding:string offset:integer)|"
                     "write([OVERFLOW=overflow-block<!WRAP|!SAT|!FAIL>] "
                     "write-operation<SET=set-block(encoding:string offset:integer value:integer)|"
                     "INCRBY=incrby-block(encoding:string offset:integer increment:integer)>)>+]",
    },
    {
        .name = "bitfield_ro",
        .handler = &BitFieldReadOnly,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kReadOnly | Flag::kFast,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kBitmap,
        .group = "bitmap",
        .since = "6.0.0",
        .summary = "Reads integers of any width at any bit of a string.",
        .complexity = "O(1) for each operation.",
        .arguments = "key#0 [GET=get-block(encoding:string offset:integer)++]",
    },
    {
        .name = "bitop",
        .handler = &BitOp,
        .arity = Arity::AtLeast(4),
        .flags = Flag::kWrite | Flag::kDenyOom,
        .keys = {KeySpec::At(2, KeyFlag::kOw | KeyFlag::kUpdate),
                 KeySpec::Range({.first = 3, .last = -1, .step = 1},
                                KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kBitmap,
        .group = "bitmap",
        .since = "2.6.0",
        .summary = "Combines strings bit by bit and stores the result.",
        .complexity = "O(N) for N bytes of the strings.",
        .arguments = "operation<!AND|!OR|!XOR|!NOT> destkey:key#0 key#1+",
    },
    {
        .name = "bitpos",
        .handler = &BitPos,
        .arity = Arity::AtLeast(3),
        .flags = Flag::kReadOnly,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kBitmap,
        .group = "bitmap",
        .since = "2.8.7",
        .summary = "Where in a string, or in a range of it, the first 0 or 1 is.",
        .complexity = "O(N) for N bytes looked at.",
        .history = {{"7.0.0", "`BYTE` and `BIT`."}},
        .arguments = "key#0 bit:integer [range(start:integer [end-unit-block(end:integer "
                     "[unit<!BYTE|!BIT>@7.0.0])])]",
    },
    {
        .name = "getbit",
        .handler = &GetBit,
        .arity = Arity::Exactly(3),
        .flags = Flag::kReadOnly | Flag::kFast,
        .keys = {KeySpec::At(1, KeyFlag::kRo | KeyFlag::kAccess)},
        .acl = Acl::kBitmap,
        .group = "bitmap",
        .since = "2.2.0",
        .summary = "One bit of a string; 0 behind its end.",
        .complexity = "O(1)",
        .arguments = "key#0 offset:integer",
    },
    {
        .name = "setbit",
        .handler = &SetBit,
        .arity = Arity::Exactly(4),
        .flags = Flag::kWrite | Flag::kDenyOom,
        .keys = {KeySpec::At(1, KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kUpdate)},
        .acl = Acl::kBitmap,
        .group = "bitmap",
        .since = "2.2.0",
        .summary = "Sets one bit of a string, which grows as needed; gives what it was.",
        .complexity = "O(1), and as many bytes as the string grows by.",
        .arguments = "key#0 offset:integer value:integer",
    },
};
static_assert(AllValid(kBitmapCommands));

}  // namespace

absl::Span<const CommandSpec> BitmapCommands() { return kBitmapCommands; }

}  // namespace slotmesh::node
