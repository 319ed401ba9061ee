// Views and reports as messages of admin.proto.
#ifndef SLOTMESH_ADMIN_WIRE_H_
#define SLOTMESH_ADMIN_WIRE_H_

#include "admin/admin.pb.h"
#include "admin/check.h"
#include "admin/cluster_control.h"
#include "admin/operations.h"

namespace slotmesh::admin {

wire::ClusterStatus ToWire(const ClusterView& view);
wire::LibrariesReply ToWire(const LibrariesState& libraries);
wire::ModulesReply ToWire(const std::vector<ModuleState>& modules);
wire::CheckReply ToWire(const ClusterView& view, const std::vector<Finding>& findings);
// `map` names the shards' primaries in a plan.
wire::Progress ToWire(const ProgressReport& report, const slots::SlotMap& map);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_WIRE_H_
