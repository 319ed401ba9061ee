// slotmesh modules: which node has which module, and where they differ.
#include "admin/cli/commands.h"
#include "admin/cli/locate.h"
#include "admin/cli/members.h"
#include "admin/cli/module_report.h"
#include "admin/cli/render.h"

namespace slotmesh::admin {

int Commands::ListModules() {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto status = session->client->Status();
  if (!status.ok()) return Fail(status.status());
  const ModuleReport report = ReportOf(Members(*session->auth).AskModules(*status));
  environment_.out(json_ ? ModulesJson(report) : ModulesText(report));
  return report.warnings.empty() ? kExitOk : kExitFailed;
}

}  // namespace slotmesh::admin
