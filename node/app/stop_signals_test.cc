#include "node/app/stop_signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string>

namespace slotmesh::node {
namespace {

// What the callbacks said, one word each, in order.
class Heard {
 public:
  void Add(const std::string& word) {
    const std::lock_guard<std::mutex> lock(mutex_);
    words_ += word + " ";
    added_.notify_all();
  }
  // Waits for as long as it takes: a signal that is lost ends in the test's own time limit.
  std::string Await(const std::string& words) {
    std::unique_lock<std::mutex> lock(mutex_);
    added_.wait(lock, [&] { return words_.size() >= words.size(); });
    return words_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable added_;
  std::string words_;
};

TEST(StopSignalsTest, ASecondInterruptInsistsUntilTheFirstIsForgotten) {
  StopSignals::Block();
  Heard heard;
  StopSignals signals;
  signals.Watch(
      {.on_signal = [&](int signal) { heard.Add(signal == SIGTERM ? "term" : "interrupt"); },
       .on_insisting = [&] { heard.Add("insists"); }});
  kill(getpid(), SIGINT);
  EXPECT_EQ(heard.Await("interrupt "), "interrupt ");
  kill(getpid(), SIGTERM);
  EXPECT_EQ(heard.Await("interrupt term "), "interrupt term ");
  kill(getpid(), SIGINT);
  EXPECT_EQ(heard.Await("interrupt term insists "), "interrupt term insists ");
  signals.Forget();
  kill(getpid(), SIGINT);
  EXPECT_EQ(heard.Await("interrupt term insists interrupt "), "interrupt term insists interrupt ");
}

}  // namespace
}  // namespace slotmesh::node
