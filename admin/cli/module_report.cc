#include "admin/cli/module_report.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "admin/cli/locate.h"

namespace slotmesh::admin {
namespace {

using Nodes = std::vector<std::string>;

// A slot may move to any node, and a replica may become a primary: all need the same modules.
void Compare(const std::string& module, const std::map<int64_t, Nodes>& versions,
             const Nodes& answering, std::vector<std::string>* warnings) {
  std::set<std::string> having;
  std::vector<std::string> spread;
  for (const auto& [version, nodes] : versions) {
    having.insert(nodes.begin(), nodes.end());
    spread.push_back(absl::StrCat(version, " (", absl::StrJoin(nodes, " "), ")"));
  }
  if (versions.size() > 1) {
    warnings->push_back(absl::StrCat("warning: ", module,
                                     " has different versions: ", absl::StrJoin(spread, ", ")));
  }
  Nodes missing;
  for (const std::string& node : answering) {
    if (!having.contains(node)) missing.push_back(node);
  }
  if (missing.empty()) return;
  warnings->push_back(absl::StrCat("warning: ", module, " is not loaded on ",
                                   absl::StrJoin(missing, " "), ": its keys cannot move there"));
}

}  // namespace

ModuleReport ReportOf(const std::vector<Members::MemberModules>& members) {
  ModuleReport report;
  std::map<std::string, std::map<int64_t, Nodes>> modules;
  Nodes answering;
  for (const Members::MemberModules& member : members) {
    const std::string node =
        ToText({member.node->host(), static_cast<uint16_t>(member.node->port())});
    if (!member.reply.ok()) {
      report.warnings.push_back(absl::StrCat(
          "warning: ", node, " does not answer: ", std::string(member.reply.status().message())));
      continue;
    }
    answering.push_back(node);
    for (const wire::Module& module : member.reply->modules()) {
      modules[module.name()][module.version()].push_back(node);
    }
  }
  for (auto& [name, versions] : modules) {
    Compare(name, versions, answering, &report.warnings);
    for (auto& [version, nodes] : versions) {
      report.loaded.push_back({.module = name, .version = version, .nodes = std::move(nodes)});
    }
  }
  return report;
}

}  // namespace slotmesh::admin
