// What `slotmesh modules` says: which nodes have which module, and where they differ. Pure.
#ifndef SLOTMESH_ADMIN_CLI_MODULE_REPORT_H_
#define SLOTMESH_ADMIN_CLI_MODULE_REPORT_H_

#include <vector>

#include "admin/cli/members.h"
#include "admin/cli/render.h"

namespace slotmesh::admin {

ModuleReport ReportOf(const std::vector<Members::MemberModules>& members);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_MODULE_REPORT_H_
