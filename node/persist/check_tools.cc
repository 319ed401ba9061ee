#include "node/persist/check_tools.h"

#include <optional>

#include "node/persist/aof_check.h"
#include "node/persist/mapped_file.h"
#include "node/persist/rdb_check.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

int CheckRdbFile(const std::string& path, const CheckToolEnvironment& env) {
  const absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (file.ok()) {
    return CheckRdb(file->bytes(), path, env.now, /*may_go_on=*/false, env.print).well ? 0 : 1;
  }
  env.print(StrCat("[offset 0] Checking RDB file ", path, "\n"));
  env.print(StrCat(ToStd(file.status().message()), "\n"));
  return 1;
}

// Nothing if the words make no sense.
std::optional<std::string> ParseAofWords(const std::vector<std::string>& words,
                                         AofCheckOptions* options) {
  if (words.empty()) return std::nullopt;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--fix") {
      options->fix = true;
    } else if (words[i] == "--truncate-to-timestamp" && i + 2 < words.size()) {
      options->truncate_to = ParseInt64(words[++i]);
      if (!options->truncate_to || *options->truncate_to <= 0) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (options->fix && options->truncate_to) return std::nullopt;
  if (words.back().starts_with("--")) return std::nullopt;
  return words.back();
}

}  // namespace

CheckTool CheckToolNamed(std::string_view program) {
  if (program.ends_with("check-rdb")) return CheckTool::kRdb;
  return program.ends_with("check-aof") ? CheckTool::kAof : CheckTool::kNone;
}

int RunCheckTool(CheckTool tool, std::string_view program, const std::vector<std::string>& words,
                 const CheckToolEnvironment& environment) {
  if (tool == CheckTool::kRdb) {
    if (words.size() == 1 && !words[0].starts_with("--")) {
      return CheckRdbFile(words[0], environment);
    }
    environment.print(StrCat("Usage: ", program, " <rdb-file-name>\n"));
    return 1;
  }
  AofCheckOptions options{
      .now = environment.now, .print = environment.print, .confirm = [&environment] {
        const std::string line = environment.read_line();
        return line.starts_with('y') || line.starts_with('Y');
      }};
  const std::optional<std::string> path = ParseAofWords(words, &options);
  if (path) return CheckAof(*path, options) ? 0 : 1;
  environment.print(
      StrCat("Usage: ", program,
             " [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n"));
  return 1;
}

}  // namespace slotmesh::node
