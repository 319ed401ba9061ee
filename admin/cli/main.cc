// The `slotmesh` program: the real environment for the command line.
#include <openssl/rand.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "absl/time/clock.h"
#include "admin/cli/cli.h"
#include "node/persist/check_tools.h"
#include "slots/check.h"

namespace slotmesh::admin {
namespace {

void Print(FILE* stream, const std::string& text) {
  fwrite(text.data(), 1, text.size(), stream);
  fflush(stream);
}

int TerminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

CliEnvironment MakeEnvironment() {
  std::error_code ignored;
  return {.out = [](const std::string& text) { Print(stdout, text); },
          .err = [](const std::string& text) { Print(stderr, text); },
          .read_line =
              [] {
                std::string line;
                std::getline(std::cin, line);
                return line;
              },
          .in_terminal = isatty(STDIN_FILENO) != 0,
          .out_terminal = isatty(STDOUT_FILENO) != 0,
          .width = TerminalWidth(),
          .now = [] { return absl::Now(); },
          .sleep = [](absl::Duration duration) { absl::SleepFor(duration); },
          .random =
              [] {
                uint64_t number = 0;
                CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof(number)) == 1);
                return number;
              },
          .getenv = [](const char* name) -> std::optional<std::string> {
            const char* const value = std::getenv(name);
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
          },
          .own_path = std::filesystem::read_symlink("/proc/self/exe", ignored).string()};
}

}  // namespace
}  // namespace slotmesh::admin

int main(int argc, char** argv) {
  using slotmesh::node::CheckTool;
  // Through a link that has the name of one of Redis' tools.
  if (const CheckTool tool = slotmesh::node::CheckToolNamed(argv[0]); tool != CheckTool::kNone) {
    return slotmesh::admin::CheckFile(tool, argv[0], {argv + 1, argv + argc},
                                      slotmesh::admin::MakeEnvironment());
  }
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // Its own lines are no help to a user.
  return slotmesh::admin::RunCli({argv + 1, argv + argc}, slotmesh::admin::MakeEnvironment());
}
