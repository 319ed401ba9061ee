// Which member a user means: the one rule behind every command that names nodes.
#ifndef SLOTMESH_ADMIN_MEMBER_NAME_H_
#define SLOTMESH_ADMIN_MEMBER_NAME_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace slotmesh::admin {

// Of `members` the one whose id (`id_of` gives it in hex) is `name`, that `is_called` so, or the
// only one whose id starts with `name` (4 digits at least). NOT_FOUND, saying how to see the names,
// or INVALID_ARGUMENT (several). The pointer is into `members`.
template <typename Members, typename IdOf, typename IsCalled>
auto FindNamed(const Members& members, const std::string& name, IdOf id_of, IsCalled is_called)
    -> absl::StatusOr<decltype(&*members.begin())> {
  constexpr size_t kIdPrefixMin = 4;
  decltype(&*members.begin()) found = nullptr;
  for (const auto& member : members) {
    const std::string id = id_of(member);
    if (id == name || is_called(member)) return &member;
    if (name.size() < kIdPrefixMin || !absl::StartsWith(id, name)) continue;
    if (found != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("several nodes have ids that start with ", name));
    }
    found = &member;
  }
  if (found != nullptr) return found;
  return absl::NotFoundError(
      absl::StrCat("no member is called ", name,
                   " (an id, a unique start of one, or host:port; see: slotmesh nodes)"));
}

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_MEMBER_NAME_H_
