// The words that hash commands of newer servers share: FIELDS n field ..., and times of fields.
//
// Pure but for the errors that are replied.
#ifndef SLOTMESH_NODE_COMMANDS_HASH_WORDS_H_
#define SLOTMESH_NODE_COMMANDS_HASH_WORDS_H_

#include <optional>
#include <string_view>

#include "node/command/command_context.h"
#include "node/commands/expiry_option.h"

namespace slotmesh::node {

struct FieldWords {
  Args options;  // Between `first` and FIELDS.
  Args fields;   // Behind the number.
};

// The words behind FIELDS, which stands at `first` or later. `words_per_field`: 2 with values.
// Nothing, with the error replied, if the number is wrong.
std::optional<FieldWords> FieldWordsOrReply(CommandContext& ctx, Args args, size_t first,
                                            size_t words_per_field);

// The point in time that `amount` means, counted from `base`. Nothing, with the error replied, if
// it is no integer, negative or too large.
std::optional<UnixMillis> FieldExpiryOrReply(CommandContext& ctx, std::string_view amount,
                                             TimeUnit unit, UnixMillis base);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_HASH_WORDS_H_
