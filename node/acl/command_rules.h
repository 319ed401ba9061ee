// Which commands one set of rules allows: all or none to begin with, then rules that add and take
// away, in their order.
//
// A rule is kept as text and applied to a bit per command. What modules bring later is allowed
// where the rules began with all. Rules that others make void are dropped, so there are never more
// than there are commands and categories, and first words of commands. Engine thread only. Copies
// are independent. Cost of Allows(): a bit; and once for all rules whenever there are other
// commands.
#ifndef SLOTMESH_NODE_ACL_COMMAND_RULES_H_
#define SLOTMESH_NODE_ACL_COMMAND_RULES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "node/acl/commands.h"
#include "node/resp/args.h"

namespace slotmesh::node {

class AclCommandRules {
 public:
  // Nothing is allowed. `environment` is borrowed.
  explicit AclCommandRules(const AclEnvironment& environment) : environment_(&environment) {}

  // +@all and -@all.
  void BeginWith(bool all);
  // One more rule: "get", "config|get", "@read"; allowed also "select|0", a command with that first
  // word. Not found if there is no such command or category, else invalid argument; message() is
  // the reason as Redis words it.
  absl::Status Add(bool allow, std::string_view what);

  // No command is refused, whatever modules bring.
  bool all() const { return begins_with_all_ && !forbids_; }
  bool Allows(uint32_t id, Args args) const;
  // "+@all -@admin +config|get": so made, the rules are the same.
  std::string Describe() const;

 private:
  struct Rule {
    bool allow = false;
    std::string what;  // In lower case.
  };

  absl::Status AddFirstWord(std::string_view what, size_t bar);
  // Behind those that it does not make void.
  void Keep(bool allow, std::string_view what);
  void Compile() const;
  void Apply(const Rule& rule) const;
  void Set(uint32_t id, bool allow) const;

  const AclEnvironment* environment_;
  bool begins_with_all_ = false;
  bool forbids_ = false;  // Some rule does.
  std::vector<Rule> rules_;

  // What the rules come to with the commands of `version_`.
  mutable bool compiled_ = false;
  mutable uint64_t version_ = 0;
  mutable std::vector<uint64_t> bits_;
  mutable std::map<uint32_t, std::vector<std::string>> first_words_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_COMMAND_RULES_H_
