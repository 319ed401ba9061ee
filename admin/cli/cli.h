// The `slotmesh` command line: reads arguments, runs one subcommand, returns the exit code.
#ifndef SLOTMESH_ADMIN_CLI_CLI_H_
#define SLOTMESH_ADMIN_CLI_CLI_H_

#include <string>
#include <vector>

#include "admin/cli/environment.h"

namespace slotmesh::admin {

// `arguments` without the program's name.
int RunCli(std::vector<std::string> arguments, const CliEnvironment& environment);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_CLI_H_
