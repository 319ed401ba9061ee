#include "admin/cli/module_report.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slotmesh::admin {
namespace {

struct Given {
  std::vector<wire::Node> nodes;
  std::vector<Members::MemberModules> members;
};

// Nodes on ports 1, 2, ...; each with its modules as name and version.
Given Nodes(const std::vector<std::vector<std::pair<std::string, int64_t>>>& modules) {
  Given given;
  given.nodes.resize(modules.size());
  for (size_t i = 0; i < modules.size(); ++i) {
    given.nodes[i].set_host("h");
    given.nodes[i].set_port(static_cast<int>(i) + 1);
    wire::ModulesReply reply;
    for (const auto& [name, version] : modules[i]) {
      wire::Module* module = reply.add_modules();
      module->set_name(name);
      module->set_version(version);
    }
    given.members.push_back({.node = &given.nodes[i], .reply = reply});
  }
  return given;
}

TEST(ModuleReportTest, TheSameEverywhereIsNoReasonToWarn) {
  const Given given = Nodes({{{"bf", 1}}, {{"bf", 1}}});
  EXPECT_EQ(ModulesText(ReportOf(given.members)),
            "MODULE  VERSION  NODES\n"
            "bf            1  h:1 h:2\n");
}

TEST(ModuleReportTest, AModuleThatIsMissingOrOlderSomewhereIsNamedWithTheNode) {
  const Given given = Nodes({{{"bf", 1}, {"ts", 3}}, {{"bf", 2}}});
  EXPECT_EQ(ModulesText(ReportOf(given.members)),
            "MODULE  VERSION  NODES\n"
            "bf            1  h:1\n"
            "bf            2  h:2\n"
            "ts            3  h:1\n"
            "warning: bf has different versions: 1 (h:1), 2 (h:2)\n"
            "warning: ts is not loaded on h:2: its keys cannot move there\n");
}

TEST(ModuleReportTest, ANodeThatDoesNotAnswerIsNotSaidToLackModules) {
  Given given = Nodes({{{"bf", 1}}, {}});
  given.members[1].reply = absl::UnavailableError("gone");
  EXPECT_EQ(ModulesText(ReportOf(given.members)),
            "MODULE  VERSION  NODES\n"
            "bf            1  h:1\n"
            "warning: h:2 does not answer: gone\n");
}

}  // namespace
}  // namespace slotmesh::admin
