// Completion scripts for shells, from the words that each subcommand takes. Pure functions.
#ifndef SLOTMESH_ADMIN_CLI_COMPLETION_H_
#define SLOTMESH_ADMIN_CLI_COMPLETION_H_

#include <string>
#include <vector>

namespace slotmesh::admin {

struct CompletionEntry {
  std::string command;  // "", "status", "dev up"
  std::vector<std::string> words;
};

// `shell` is "bash" or "zsh" (which runs the bash script through bashcompinit).
std::string CompletionScript(const std::vector<CompletionEntry>& entries, const std::string& shell);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_COMPLETION_H_
