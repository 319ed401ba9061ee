#include "bazel/shared_data.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace slotmesh {

std::optional<std::string> SharedFile(std::string_view name) {
  const char* const runfiles = std::getenv("TEST_SRCDIR");
  if (runfiles == nullptr) {
    std::fprintf(stderr, "TEST_SRCDIR is not set: run the test with `bazel test` or `bazel run`\n");
    std::abort();
  }
  const std::filesystem::path folder = std::filesystem::path(runfiles) / "shared";
  if (std::filesystem::exists(folder / "absent")) {
    std::fprintf(stderr, "no shared files beside this checkout: not testing with %.*s\n",
                 static_cast<int>(name.size()), name.data());
    return std::nullopt;
  }
  const std::filesystem::path file = folder / name;
  if (!std::filesystem::exists(file)) {
    std::fprintf(stderr, "%s is missing\n", file.c_str());
    std::abort();
  }
  return file.string();
}

}  // namespace slotmesh
