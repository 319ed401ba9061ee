// What a node says of itself when it dies of a signal: the stack, the registers, what it was doing
// for whom; SIGALRM makes it say where it is and go on. Written into the log's file, or on standard
// output, after which the signal takes its usual course (a core file, where the system makes them).
//
// One per process: what a handler of signals needs can only be static. Engine thread. Borrows the
// configuration, which outlives it. While hide-user-data-from-log is set nothing of a command but
// its name is shown.
#ifndef SLOTMESH_NODE_APP_CRASH_REPORT_H_
#define SLOTMESH_NODE_APP_CRASH_REPORT_H_

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>

#include "node/app/elf_symbols.h"
#include "node/command/engine.h"
#include "node/config/config.h"

namespace slotmesh::node {

class CrashReport {
 public:
  CrashReport(const Config& config, std::string version);
  ~CrashReport();
  CrashReport(const CrashReport&) = delete;
  CrashReport& operator=(const CrashReport&) = delete;

  // crash-log-enabled.
  void SetEnabled(bool enabled);
  // Null once it goes away.
  void set_engine(const Engine* engine) { engine_ = engine; }

 private:
  class Text;

  static void Handle(int signal, siginfo_t* info, void* context);
  void Report(int signal, const siginfo_t& info, const void* context) const;
  void WriteCause(Text& text, int signal, const siginfo_t& info, const void* context) const;
  void WriteStack(Text& text) const;
  // Of a library, a module's maybe.
  void WriteForeignFrame(Text& text, int number, uintptr_t address) const;
  void WriteRegisters(Text& text, const void* context) const;
  void WriteServer(Text& text) const;
  void WriteCommand(Text& text) const;

  const Config& config_;
  const std::string version_;
  const std::string log_path_;
  const ElfSymbols symbols_;
  const Engine* engine_ = nullptr;
  std::unique_ptr<char[]> stack_;  // For a handler whose thread has none left.
  bool enabled_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_CRASH_REPORT_H_
