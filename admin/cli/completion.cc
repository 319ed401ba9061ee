#include "admin/cli/completion.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace slotmesh::admin {

std::string CompletionScript(const std::vector<CompletionEntry>& entries,
                             const std::string& shell) {
  std::string script;
  if (shell == "zsh") script += "autoload -U +X bashcompinit && bashcompinit\n";
  script += R"(_slotmesh() {
  local word command="" words="" current="${COMP_WORDS[COMP_CWORD]}"
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "${command:+$command }$word" in
)";
  for (const CompletionEntry& entry : entries) {
    if (!entry.command.empty()) {
      absl::StrAppend(&script, "      \"", entry.command, "\") command=\"", entry.command,
                      "\" ;;\n");
    }
  }
  script += "    esac\n  done\n  case \"$command\" in\n";
  std::string global;
  for (const CompletionEntry& entry : entries) {
    if (entry.command.empty()) {
      std::vector<std::string> options;
      for (const std::string& word : entry.words) {
        if (word.starts_with("--")) options.push_back(word);
      }
      global = absl::StrJoin(options, " ");
    }
    absl::StrAppend(&script, "    \"", entry.command, "\") words=\"",
                    absl::StrJoin(entry.words, " "), "\" ;;\n");
  }
  absl::StrAppend(&script, "  esac\n  COMPREPLY=($(compgen -W \"$words ", global,
                  "\" -- \"$current\"))\n}\ncomplete -F _slotmesh slotmesh\n");
  return script;
}

}  // namespace slotmesh::admin
