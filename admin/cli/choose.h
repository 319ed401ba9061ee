// Members of a cluster as a member has told of them: by the name that the user gives, and by what
// they are good for. Pure; the nodes are `status`'s.
#ifndef SLOTMESH_ADMIN_CLI_CHOOSE_H_
#define SLOTMESH_ADMIN_CLI_CHOOSE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "admin/admin.pb.h"

namespace slotmesh::admin {

// By its id, a unique start of it (4 digits at least), or "host:port". NOT_FOUND or
// INVALID_ARGUMENT (several).
absl::StatusOr<const wire::Node*> FindMember(const wire::ClusterStatus& status,
                                             const std::string& name);
// Null if there is none.
const wire::Node* FindById(const wire::ClusterStatus& status, const std::string& id);
// Null if there is none.
const wire::Node* PrimaryOf(const wire::ClusterStatus& status, const std::string& shard);
// The online replica of the shard that has most of its data; null if none has any.
const wire::Node* BestReplica(const wire::ClusterStatus& status, const std::string& shard);
// Ids of all members, shard by shard, replicas before their primary; those without a shard first.
std::vector<std::string> RestartOrder(const wire::ClusterStatus& status);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_CHOOSE_H_
