// The categories of commands by which rules of users name them: the server's own, and those that
// modules have added. Each is a bit.
//
// Engine thread only. Never more than kMax.
#ifndef SLOTMESH_NODE_COMMAND_ACL_CATEGORIES_H_
#define SLOTMESH_NODE_COMMAND_ACL_CATEGORIES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

class AclCategories {
 public:
  static constexpr size_t kMax = 64;

  // One more, of letters, digits, '-' and '_'. Invalid argument for another name, already exists,
  // or resource exhausted.
  absl::Status Add(std::string_view name);
  // The last ones that were added go. REQUIRES: no command is of them.
  void RemoveLast(size_t count) { added_.resize(added_.size() - count); }

  // The category of a name in any case.
  std::optional<Acl> Find(std::string_view name) const;
  // Without '@', in the order of their bits: "keyspace", "read", ...
  std::vector<std::string_view> NamesOf(Acl categories) const;

 private:
  std::vector<std::string> added_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_ACL_CATEGORIES_H_
