// The registry's commands as rules of users name them.
//
// Engine thread only. Borrows the registry.
#ifndef SLOTMESH_NODE_COMMAND_ACL_COMMANDS_H_
#define SLOTMESH_NODE_COMMAND_ACL_COMMANDS_H_

#include "node/acl/commands.h"
#include "node/command/registry.h"

namespace slotmesh::node {

class RegistryAclCommands : public AclCommands {
 public:
  explicit RegistryAclCommands(const Registry& registry) : registry_(registry) {}

  uint64_t version() const override { return registry_.version(); }
  std::optional<Named> Find(std::string_view name) const override;
  std::optional<std::vector<uint32_t>> OfCategory(std::string_view category) const override;

 private:
  const Registry& registry_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_ACL_COMMANDS_H_
