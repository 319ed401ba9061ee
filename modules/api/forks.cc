// RM_Fork: a child process with the data of one moment, for a module's own work.
//
// One at a time. The server's own snapshots need no child.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "node/command/server_observer.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

constexpr std::chrono::milliseconds kLookEvery(50);
// What a child ends with that was told to.
constexpr int kKilledExit = 255;

// In the child: says so and ends. The text is made of what a handler of signals may do.
void OnKilled(int) {
  constexpr char kText[] = "Received SIGUSR1 in child, exiting now.\n";
  (void)!write(STDOUT_FILENO, kText, sizeof(kText) - 1);
  _exit(kKilledExit);
}

class ForkPart : public ModulePart {
 public:
  explicit ForkPart(Modules& modules) : modules_(modules) {}

  // Whose it is the function does not say: none is left to a library that goes.
  void Forget(Module&) override { (void)Kill(child_); }

  int Fork(RedisModuleForkDoneHandler done, void* data) {
    if (child_ != 0) {
      errno = EEXIST;
      return -1;
    }
    Tell(modules_.engine(), &node::ServerObserver::OnSnapshot, true);
    const pid_t child = fork();
    if (child == 0) {
      struct sigaction action {};
      action.sa_handler = &OnKilled;
      sigaction(SIGUSR1, &action, nullptr);
      signal(SIGINT, SIG_IGN);
      return 0;
    }
    if (child < 0) {
      Tell(modules_.engine(), &node::ServerObserver::OnSnapshot, false);
      return -1;
    }
    child_ = child;
    modules_.set_has_child(true);
    done_ = done;
    data_ = data;
    modules_.host().log.Notice(StrCat("Module fork started pid: ", child));
    LookSoon();
    return child;
  }

  bool Kill(int pid) {
    if (child_ == 0 || pid != child_) return false;
    modules_.host().log.Notice(StrCat("Killing running module fork child: ", child_));
    int status = 0;
    if (kill(child_, SIGUSR1) != -1) {
      while (waitpid(child_, &status, 0) == -1 && errno == EINTR) {
      }
    }
    // Whoever kills it is not told of its end.
    End();
    return true;
  }

 private:
  void LookSoon() {
    modules_.host().post_after(kLookEvery, [this, pid = child_] {
      if (child_ != pid || pid == 0) return;
      int status = 0;
      const pid_t ended = waitpid(pid, &status, WNOHANG);
      if (ended == 0 || (ended < 0 && errno == EINTR)) return LookSoon();
      const RedisModuleForkDoneHandler done = done_;
      void* data = data_;
      End();
      if (done == nullptr || ended < 0) return;
      modules_.RunOutsideRequests([&] {
        done(WIFEXITED(status) ? WEXITSTATUS(status) : -1,
             WIFSIGNALED(status) ? WTERMSIG(status) : 0, data);
      });
    });
  }

  void End() {
    child_ = 0;
    modules_.set_has_child(false);
    Tell(modules_.engine(), &node::ServerObserver::OnSnapshot, false);
  }

  Modules& modules_;
  pid_t child_ = 0;
  RedisModuleForkDoneHandler done_ = nullptr;
  void* data_ = nullptr;
};

int Fork(RedisModuleForkDoneHandler done, void* user_data) noexcept {
  Modules& modules = TheModules();
  ForkPart& part = modules.part<ForkPart>();
  const int child = part.Fork(done, user_data);
  if (child < 0) {
    modules.host().log.Warning(StrCat("Can't fork for module: ", std::strerror(errno)));
  }
  return child;
}

// How far it is: nobody asks.
void SendChildHeartbeat(double) noexcept {}

int ExitFromChild(int code) noexcept { _exit(code); }

int KillForkChild(int child) noexcept {
  return TheModules().part<ForkPart>().Kill(child) ? REDISMODULE_OK : REDISMODULE_ERR;
}

const ApiEntry kFunctions[] = {
    {"Fork", &Fork},
    {"SendChildHeartbeat", &SendChildHeartbeat},
    {"ExitFromChild", &ExitFromChild},
    {"KillForkChild", &KillForkChild},
};

}  // namespace

ApiGroup ForkFunctions() { return kFunctions; }

void AddForkPart(Modules& modules) { modules.AddPart(std::make_unique<ForkPart>(modules)); }

}  // namespace slotmesh::modules
