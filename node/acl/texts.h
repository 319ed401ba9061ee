// Why a rule is refused, as Redis words it, and what words of rules may hold. For node/acl.
#ifndef SLOTMESH_NODE_ACL_TEXTS_H_
#define SLOTMESH_NODE_ACL_TEXTS_H_

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"

namespace slotmesh::node {

inline constexpr char kAclSyntax[] = "Syntax error";
inline constexpr char kAclUnknownCommand[] = "Unknown command or category name in ACL";
inline constexpr char kAclFirstWordOfSubcommand[] =
    "Allowing first-arg of a subcommand is not supported";
inline constexpr char kAclKeysAreAll[] =
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have "
    "any effect. Try 'resetkeys' to start with an empty list of patterns";
inline constexpr char kAclChannelsAreAll[] =
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not "
    "have any effect. Try 'resetchannels' to start with an empty list of channels";
inline constexpr char kAclNoSuchPassword[] =
    "The password you are trying to remove from the user does not exist";
inline constexpr char kAclBadHash[] =
    "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
    "characters";

// Names and patterns stand in lines of words: no white space, no NUL.
inline bool IsAclWord(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c == 0 || absl::ascii_isspace(c); });
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_TEXTS_H_
