// The `slotmesh` command line: reads arguments, runs one subcommand, returns the exit code.
#ifndef SLOTMESH_ADMIN_CLI_CLI_H_
#define SLOTMESH_ADMIN_CLI_CLI_H_

#include <string>
#include <vector>

#include "admin/cli/environment.h"
#include "node/persist/check_tools.h"

namespace slotmesh::admin {

// `arguments` without the program's name.
int RunCli(std::vector<std::string> arguments, const CliEnvironment& environment);

// check-rdb and check-aof: `words` follow the name `program`. The exit code.
int CheckFile(node::CheckTool tool, const std::string& program,
              const std::vector<std::string>& words, const CliEnvironment& environment);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_CLI_H_
