// What the command line touches of the outside, so that tests can stand in for it.
#ifndef SLOTMESH_ADMIN_CLI_ENVIRONMENT_H_
#define SLOTMESH_ADMIN_CLI_ENVIRONMENT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace slotmesh::admin {

struct CliEnvironment {
  std::function<void(const std::string&)> out;
  std::function<void(const std::string&)> err;
  std::function<std::string()> read_line;  // The user's answer, without its newline; "" at the end.
  bool in_terminal = false;
  bool out_terminal = false;
  int width = 80;
  std::function<absl::Time()> now;
  std::function<void(absl::Duration)> sleep;
  std::function<uint64_t()> random;  // Unpredictable.
  std::function<std::optional<std::string>(const char*)> getenv;
  std::string own_path;  // Of this program's file.
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_ENVIRONMENT_H_
