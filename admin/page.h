// The status page that a node serves at "/": the cluster at a glance, without scripts, reloading
// itself.
#ifndef SLOTMESH_ADMIN_PAGE_H_
#define SLOTMESH_ADMIN_PAGE_H_

#include <string>

#include "admin/cluster_control.h"

namespace slotmesh::admin {

// HTML; every text that comes from a node is escaped.
std::string RenderPage(const ClusterView& view);

inline constexpr char kPageContentType[] = "text/html; charset=utf-8";

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_PAGE_H_
