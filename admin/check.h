// What is wrong with a cluster, in words, and what to do about it. A pure function of a view.
#ifndef SLOTMESH_ADMIN_CHECK_H_
#define SLOTMESH_ADMIN_CHECK_H_

#include <string>
#include <vector>

#include "admin/cluster_control.h"

namespace slotmesh::admin {

struct Finding {
  enum class Severity { kInfo, kWarning, kError };
  Severity severity = Severity::kInfo;
  std::string text;
  std::string advice;  // May be empty.
};

// Most serious first. Empty: nothing is wrong.
std::vector<Finding> Check(const ClusterView& view);

// How people and scripts name a node: "127.0.0.1:7000", or its id if it has no port.
std::string AddressOf(const slots::NodeInfo& node);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CHECK_H_
