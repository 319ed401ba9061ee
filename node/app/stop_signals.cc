#include "node/app/stop_signals.h"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace slotmesh::node {
namespace {

sigset_t Signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void StopSignals::Block() {
  const sigset_t set = Signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void StopSignals::Watch(Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  thread_ = std::thread([this] { Run(); });
}

StopSignals::~StopSignals() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopSignals::Run() {
  const sigset_t set = Signals();
  while (true) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    if (stopping_) return;
    const bool again = under_way_.exchange(true);
    if (again && signal == SIGINT) {
      callbacks_.on_insisting();
    } else {
      callbacks_.on_signal(signal);
    }
  }
}

}  // namespace slotmesh::node
