// A few commands for tests of rules: get, set, publish, subscribe, psubscribe, select, and config
// with get and set; and whatever a test adds.
#ifndef SLOTMESH_NODE_ACL_FAKE_COMMANDS_H_
#define SLOTMESH_NODE_ACL_FAKE_COMMANDS_H_

#include <algorithm>
#include <string>
#include <vector>

#include "node/acl/commands.h"
#include "slots/strings.h"

namespace slotmesh::node {

class FakeAclCommands : public AclCommands {
 public:
  struct Command {
    std::string name;
    std::string category;
  };

  uint64_t version() const override { return commands_.size(); }
  std::optional<Named> Find(std::string_view name) const override {
    for (uint32_t id = 0; id < commands_.size(); ++id) {
      const std::string& full_name = commands_[id].name;
      if (!EqualsIgnoreCase(full_name, name)) continue;
      Named named{.full_name = full_name,
                  .is_subcommand = full_name.find('|') != std::string::npos,
                  .ids = WithSubcommands(id)};
      named.has_subcommands = named.ids.size() > 1;
      return named;
    }
    return std::nullopt;
  }
  std::optional<std::vector<uint32_t>> OfCategory(std::string_view category) const override {
    std::vector<uint32_t> ids;
    for (uint32_t id = 0; id < commands_.size(); ++id) {
      if (EqualsIgnoreCase(commands_[id].category, category)) ids.push_back(id);
    }
    return ids.empty() ? std::nullopt : std::optional(ids);
  }

  uint32_t IdOf(std::string_view name) const { return Find(name)->ids[0]; }
  void Add(Command command) { commands_.push_back(std::move(command)); }

 private:
  std::vector<uint32_t> WithSubcommands(uint32_t id) const {
    std::vector<uint32_t> ids = {id};
    const std::string below = commands_[id].name + "|";
    for (uint32_t other = 0; other < commands_.size(); ++other) {
      if (commands_[other].name.starts_with(below)) ids.push_back(other);
    }
    return ids;
  }

  std::vector<Command> commands_ = {
      {"get", "read"},         {"set", "write"},         {"publish", "pubsub"},
      {"subscribe", "pubsub"}, {"psubscribe", "pubsub"}, {"select", "connection"},
      {"config", "slow"},      {"config|get", "admin"},  {"config|set", "admin"}};
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_FAKE_COMMANDS_H_
