#include "admin/cli/choose.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "admin/cli/render.h"
#include "admin/member_name.h"

namespace slotmesh::admin {

absl::StatusOr<const wire::Node*> FindMember(const wire::ClusterStatus& status,
                                             const std::string& name) {
  return FindNamed(
      status.nodes(), name, [](const wire::Node& node) { return node.id(); },
      [&](const wire::Node& node) {
        return NodeName(status, node.id()) == name ||
               (!node.hostname().empty() &&
                absl::StrCat(node.hostname(), ":", node.port()) == name);
      });
}

const wire::Node* FindById(const wire::ClusterStatus& status, const std::string& id) {
  for (const wire::Node& node : status.nodes()) {
    if (node.id() == id) return &node;
  }
  return nullptr;
}

const wire::Node* PrimaryOf(const wire::ClusterStatus& status, const std::string& shard) {
  for (const wire::Node& node : status.nodes()) {
    if (node.shard() == shard && node.role() == "primary") return &node;
  }
  return nullptr;
}

const wire::Node* BestReplica(const wire::ClusterStatus& status, const std::string& shard) {
  const wire::Node* best = nullptr;
  for (const wire::Node& node : status.nodes()) {
    const bool able = node.shard() == shard && node.role() == "replica" &&
                      node.health() == "online" && node.replication_offset() > 0;
    if (!able) continue;
    if (best == nullptr || node.replication_offset() > best->replication_offset()) best = &node;
  }
  return best;
}

std::vector<std::string> RestartOrder(const wire::ClusterStatus& status) {
  std::vector<const wire::Node*> nodes;
  for (const wire::Node& node : status.nodes()) nodes.push_back(&node);
  const auto place = [](const wire::Node* node) {
    const bool has_shard = node->role() == "primary" || node->role() == "replica";
    return std::make_tuple(has_shard ? node->shard() : "", node->role() == "primary", node->id());
  };
  std::sort(nodes.begin(), nodes.end(),
            [&](const wire::Node* a, const wire::Node* b) { return place(a) < place(b); });
  std::vector<std::string> ids;
  for (const wire::Node* node : nodes) ids.push_back(node->id());
  return ids;
}

}  // namespace slotmesh::admin
