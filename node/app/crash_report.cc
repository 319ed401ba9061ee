#include "node/app/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "node/app/mapped_files.h"

namespace slotmesh::node {
namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr size_t kStackBytes = 128 << 10;
constexpr int kFramesMax = 100;
constexpr size_t kArgumentsShown = 16;
constexpr size_t kArgumentBytesShown = 128;

// The one there is, for the handler.
std::atomic<const CrashReport*> the_report = nullptr;
// A report is being written: what happens meanwhile is not worth another.
std::atomic<bool> reporting = false;

void UseDefault(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
}

struct Register {
  const char* name;
  int index;
};
constexpr Register kRegisters[] = {
    {"RIP", REG_RIP}, {"RSP", REG_RSP}, {"RBP", REG_RBP}, {"EFL", REG_EFL}, {"RAX", REG_RAX},
    {"RBX", REG_RBX}, {"RCX", REG_RCX}, {"RDX", REG_RDX}, {"RDI", REG_RDI}, {"RSI", REG_RSI},
    {"R8", REG_R8},   {"R9", REG_R9},   {"R10", REG_R10}, {"R11", REG_R11}, {"R12", REG_R12},
    {"R13", REG_R13}, {"R14", REG_R14}, {"R15", REG_R15},
};

}  // namespace

// Lines on a descriptor, without the allocator and stdio's locks.
class CrashReport::Text {
 public:
  explicit Text(const std::string& path) {
    if (!path.empty())
      opened_ = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  }
  ~Text() {
    if (opened_ >= 0) close(opened_);
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  void Line(const char* format, ...) __attribute__((format(printf, 2, 3))) {
    va_list values;
    va_start(values, format);
    const int length = std::vsnprintf(line_.data(), line_.size() - 1, format, values);
    va_end(values);
    const size_t size =
        std::clamp<size_t>(static_cast<size_t>(std::max(length, 0)), 0, line_.size() - 2);
    line_[size] = '\n';
    const int descriptor = opened_ >= 0 ? opened_ : STDOUT_FILENO;
    size_t done = 0;
    while (done <= size) {
      const ssize_t written = write(descriptor, line_.data() + done, size + 1 - done);
      if (written <= 0) return;
      done += static_cast<size_t>(written);
    }
  }

 private:
  int opened_ = -1;
  std::array<char, 1024> line_;
};

CrashReport::CrashReport(const Config& config, std::string version)
    : config_(config),
      version_(std::move(version)),
      log_path_(config.logfile.empty() ? "" : std::filesystem::absolute(config.logfile).string()),
      stack_(std::make_unique<char[]>(kStackBytes)) {
  the_report = this;
  // The first call loads a library.
  void* frame[1];
  (void)backtrace(frame, 1);
  stack_t own = {};
  own.ss_sp = stack_.get();
  own.ss_size = kStackBytes;
  sigaltstack(&own, nullptr);
}

CrashReport::~CrashReport() {
  SetEnabled(false);
  the_report = nullptr;
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
}

void CrashReport::SetEnabled(bool enabled) {
  if (std::exchange(enabled_, enabled) == enabled) return;
  struct sigaction action = {};
  action.sa_sigaction = &CrashReport::Handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  for (const int signal : kFatal) {
    if (enabled) {
      sigaction(signal, &action, nullptr);
    } else {
      UseDefault(signal);
    }
  }
  if (enabled) {
    sigaction(SIGALRM, &action, nullptr);
  } else {
    UseDefault(SIGALRM);
  }
}

void CrashReport::Handle(int signal, siginfo_t* info, void* context) {
  const CrashReport* report = the_report.load();
  const bool again = reporting.exchange(true);
  if (report != nullptr && !again) report->Report(signal, *info, context);
  if (signal == SIGALRM) {
    if (!again) reporting = false;
    return;
  }
  UseDefault(signal);
  raise(signal);
}

void CrashReport::Report(int signal, const siginfo_t& info, const void* context) const {
  Text text(log_path_);
  const bool dies = signal != SIGALRM;
  if (dies) text.Line("\n=== SLOTMESH BUG REPORT START: Cut & paste starting from here ===");
  WriteCause(text, signal, info, context);
  WriteStack(text);
  WriteRegisters(text, context);
  if (engine_ != nullptr) {
    WriteServer(text);
    WriteCommand(text);
  }
  if (dies) {
    text.Line("\n=== SLOTMESH BUG REPORT END. Make sure to include from START to END. ===");
  }
}

void CrashReport::WriteCause(Text& text, int signal, const siginfo_t& info,
                             const void* context) const {
  if (signal == SIGALRM) {
    text.Line("Received SIGALRM");
  } else {
    const auto at =
        static_cast<uintptr_t>(static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
    text.Line("slotmesh %s crashed by signal: %d, si_code: %d", version_.c_str(), signal,
              info.si_code);
    text.Line("Crashed running the instruction at: 0x%llx", static_cast<unsigned long long>(at));
    MappedPlace place;
    // A module's, say.
    if (!symbols_.Contains(at) && FindMappedFile(at, &place)) {
      text.Line("which is in %s", place.path.data());
    }
  }
  if (info.si_code <= 0) {
    text.Line("Sent by PID: %d, UID: %d", static_cast<int>(info.si_pid),
              static_cast<int>(info.si_uid));
  } else {
    text.Line("Accessing address: %p", info.si_addr);
  }
  char thread[17] = {};
  prctl(PR_GET_NAME, thread);
  text.Line("pid: %d, thread: %s", static_cast<int>(getpid()), thread);
}

void CrashReport::WriteStack(Text& text) const {
  text.Line("\n------ STACK TRACE ------");
  void* frames[kFramesMax];
  const int count = backtrace(frames, kFramesMax);
  for (int i = 0; i < count; ++i) {
    const auto address = reinterpret_cast<uintptr_t>(frames[i]);
    const ElfSymbols::Place place = symbols_.Find(address);
    if (place.name != nullptr) {
      text.Line("#%-2d slotmesh-node+0x%llx %s+%llu", i,
                static_cast<unsigned long long>(symbols_.InFile(address)), place.name,
                static_cast<unsigned long long>(place.offset));
    } else if (symbols_.Contains(address)) {
      text.Line("#%-2d slotmesh-node+0x%llx", i,
                static_cast<unsigned long long>(symbols_.InFile(address)));
    } else {
      WriteForeignFrame(text, i, address);
    }
  }
  text.Line("------ STACK TRACE DONE ------");
}

void CrashReport::WriteForeignFrame(Text& text, int number, uintptr_t address) const {
  MappedPlace place;
  if (FindMappedFile(address, &place)) {
    return text.Line("#%-2d %s+0x%llx", number, place.path.data(),
                     static_cast<unsigned long long>(place.offset));
  }
  text.Line("#%-2d 0x%llx", number, static_cast<unsigned long long>(address));
}

void CrashReport::WriteRegisters(Text& text, const void* context) const {
  text.Line("\n------ REGISTERS ------");
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  for (const Register& one : kRegisters) {
    text.Line("%s:%016llx", one.name, static_cast<unsigned long long>(registers[one.index]));
  }
}

void CrashReport::WriteServer(Text& text) const {
  text.Line("\n------ SERVER ------");
  text.Line("mode: %s, %s", engine_->gate != nullptr ? "cluster" : "standalone",
            engine_->replication.is_replica ? "replica" : "primary");
  text.Line("keys: %llu, used_memory: %llu, commands: %llu, loading: %d",
            static_cast<unsigned long long>(engine_->keyspace.size()),
            static_cast<unsigned long long>(engine_->used_memory_bytes),
            static_cast<unsigned long long>(engine_->stats.commands_processed),
            engine_->loading.active ? 1 : 0);
}

void CrashReport::WriteCommand(Text& text) const {
  const RunningCommand& running = engine_->running;
  text.Line("\n------ CURRENT COMMAND ------");
  if (running.client == nullptr || running.args.empty()) return text.Line("none");
  text.Line("client: id=%llu addr=%s db=%d", static_cast<unsigned long long>(running.client->id()),
            running.client->address.c_str(), running.client->database);
  text.Line("argc: %zu", running.args.size());
  for (size_t i = 0; i < std::min(running.args.size(), kArgumentsShown); ++i) {
    const std::string_view word = running.args[i];
    if (i > 0 && config_.hide_user_data_from_log) {
      text.Line("argv[%zu]: %zu bytes, which hide-user-data-from-log hides", i, word.size());
      continue;
    }
    char shown[kArgumentBytesShown];
    const size_t size = std::min(word.size(), kArgumentBytesShown);
    std::transform(word.begin(), word.begin() + static_cast<ptrdiff_t>(size), shown,
                   [](char c) { return c >= ' ' && c <= '~' ? c : '.'; });
    text.Line("argv[%zu]: %zu bytes: %.*s", i, word.size(), static_cast<int>(size), shown);
  }
}

}  // namespace slotmesh::node
