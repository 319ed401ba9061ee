// main() for a fuzz target without libFuzzer: replays the corpus, then seeded mutations of it.
//
//   target [--runs=N] [--seed=S] [file ...]
//
// A crash writes the input to $TEST_UNDECLARED_OUTPUTS_DIR/crash-input (or to the working folder):
// the handler of the fatal signal does it, and its message names seed and run.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "bazel/fuzz/mutate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr int kFatalSignals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// What the signal handler needs; a handler can only reach what is static.
struct Current {
  const char* data = nullptr;
  size_t size = 0;
  uint64_t seed = 0;
  uint64_t run = 0;
  char path[512] = "crash-input";
};
Current g_current;

void WriteAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t done = write(fd, data, size);
    if (done <= 0) return;
    data += done;
    size -= static_cast<size_t>(done);
  }
}

extern "C" void SaveInput(int signal_number) {
  const int fd = open(g_current.path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (fd >= 0) {
    WriteAll(fd, g_current.data, g_current.size);
    close(fd);
  }
  char text[700];
  const int length = std::snprintf(
      text, sizeof text, "fuzz target failed: --seed=%llu, run %llu; the input is in %s\n",
      static_cast<unsigned long long>(g_current.seed),
      static_cast<unsigned long long>(g_current.run), g_current.path);
  if (length > 0) WriteAll(STDERR_FILENO, text, static_cast<size_t>(length));
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void RunOne(const std::string& input) {
  // An exact-size copy, so that a sanitizer sees a read past the end.
  const std::vector<uint8_t> copy(input.begin(), input.end());
  g_current.data = input.data();
  g_current.size = input.size();
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

struct Options {
  uint64_t runs = 10000;
  uint64_t seed = 1;
  std::vector<std::string> corpus;
};

bool ReadFile(const char* path, std::string* out) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  *out = text.str();
  return file.good();
}

// False (with a message) if an argument is unknown or a file cannot be read.
bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--runs=", 7) == 0) {
      options->runs = std::strtoull(argv[i] + 7, nullptr, 10);
    } else if (std::strncmp(argv[i], "--seed=", 7) == 0) {
      options->seed = std::strtoull(argv[i] + 7, nullptr, 10);
    } else if (std::string text; ReadFile(argv[i], &text)) {
      options->corpus.push_back(std::move(text));
    } else {
      std::fprintf(stderr, "%s: neither an option nor a file that can be read\n", argv[i]);
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!Parse(argc, argv, &options)) return 2;
  if (const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR"); folder != nullptr) {
    std::snprintf(g_current.path, sizeof g_current.path, "%s/crash-input", folder);
  }
  g_current.seed = options.seed;
  for (const int number : kFatalSignals) signal(number, &SaveInput);
  RunOne("");
  for (const std::string& input : options.corpus) RunOne(input);
  slotmesh::fuzz::Random random(options.seed);
  for (uint64_t run = 1; run <= options.runs; ++run) {
    g_current.run = run;
    RunOne(slotmesh::fuzz::Mutate(options.corpus, random));
  }
  std::printf("%zu corpus inputs and %llu mutations ran, --seed=%llu\n", options.corpus.size(),
              static_cast<unsigned long long>(options.runs),
              static_cast<unsigned long long>(options.seed));
  return 0;
}
