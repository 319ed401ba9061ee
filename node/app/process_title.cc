#include "node/app/process_title.h"

#include <errno.h>
#include <string.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Where the string ends if it begins where the one before it has ended, else `end`.
char* Extend(char* end, char* text) { return text == end ? text + strlen(text) + 1 : end; }

}  // namespace

std::string TitleOf(const Config& config, std::string_view program, std::string_view file) {
  const int64_t port = config.port != 0 ? config.port : config.tls_port;
  const std::string address = config.bind.empty() ? "*" : config.bind[0];
  const std::string title =
      absl::StrReplaceAll(ToAbsl(config.proc_title_template),
                          {{"{title}", ToAbsl(program)},
                           {"{listen-addr}", StrCat(address, ":", port)},
                           {"{server-mode}", config.cluster_enabled ? "[cluster]" : ""},
                           {"{port}", StrCat(config.port)},
                           {"{tls-port}", StrCat(config.tls_port)},
                           {"{unixsocket}", config.unixsocket},
                           {"{config-file}", ToAbsl(file)}});
  return std::string(ToStd(absl::StripAsciiWhitespace(title)));
}

ProcessTitle::ProcessTitle(int argc, char** argv, char** environment) {
  // The C library keeps pointers to the first argument.
  program_invocation_name = strdup(program_invocation_name);
  program_invocation_short_name = strdup(program_invocation_short_name);
  if (argc == 0) return;
  char* end = argv[0];
  for (int i = 0; i < argc; ++i) end = Extend(end, argv[i]);
  for (char** variable = environment; *variable != nullptr; ++variable) {
    end = Extend(end, *variable);
    *variable = strdup(*variable);
  }
  room_ = absl::MakeSpan(argv[0], end - argv[0]);
}

void ProcessTitle::Set(std::string_view title) {
  if (room_.empty()) return;
  const size_t length = std::min(title.size(), room_.size() - 1);
  const auto rest = std::copy_n(title.begin(), length, room_.begin());
  std::fill(rest, room_.end(), '\0');
}

}  // namespace slotmesh::node
