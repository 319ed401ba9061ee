// What rules of users can name: commands and their categories. Implemented over the registry, which
// stands above (node/command/acl_commands.h).
//
// Engine thread only. Names are those of the commands' rows, in any case: renaming a command does
// not change what a rule means.
#ifndef SLOTMESH_NODE_ACL_COMMANDS_H_
#define SLOTMESH_NODE_ACL_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::node {

class AclCommands {
 public:
  struct Named {
    std::string full_name;  // "get", "config|get".
    bool is_subcommand = false;
    bool has_subcommands = false;
    std::vector<uint32_t> ids;  // Its own, then those of its subcommands.
  };

  virtual ~AclCommands() = default;
  // Another one whenever there may be other commands, or commands of other categories.
  virtual uint64_t version() const = 0;
  virtual std::optional<Named> Find(std::string_view name) const = 0;
  // The commands of a category (without its '@'), each with its subcommands; absent if there is no
  // such category.
  virtual std::optional<std::vector<uint32_t>> OfCategory(std::string_view category) const = 0;
};

// What all rules are read with. Outlives users and their selectors.
struct AclEnvironment {
  const AclCommands& commands;
  // acl-pubsub-default: whoever has no rule for channels may use all of them.
  bool all_channels = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_COMMANDS_H_
