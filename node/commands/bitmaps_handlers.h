// Handlers of the bitmap commands, for bitmaps_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_BITMAPS_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_BITMAPS_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// bitmaps.cc
void SetBit(CommandContext& ctx, Args args);
void GetBit(CommandContext& ctx, Args args);
void BitCount(CommandContext& ctx, Args args);
void BitPos(CommandContext& ctx, Args args);
void BitOp(CommandContext& ctx, Args args);
// bitmaps_field.cc
void BitFieldCommand(CommandContext& ctx, Args args);
void BitFieldReadOnly(CommandContext& ctx, Args args);

// Shared by both. The offset in `word`, in bits: with '#' before it, in fields of `field_bits`
// (0: not allowed). Nothing, with the error replied, if it is none or beyond the longest string.
std::optional<uint64_t> BitOffset(CommandContext& ctx, std::string_view word, int field_bits);
// The string's bytes, for changes up to bit `last`; the key is created and the string grows as
// needed. `grown`: it did; if not, who changes the bytes calls SignalModified.
char* BytesUpToBit(CommandContext& ctx, EntryRef& ref, const HashedKey& key, uint64_t last,
                   bool* grown);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_BITMAPS_HANDLERS_H_
