// Nodes for the transport's tests: each with its own executor thread and a record of what it was
// told.
#ifndef SLOTMESH_GOSSIP_BUS_TESTING_H_
#define SLOTMESH_GOSSIP_BUS_TESTING_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gossip/bus/auth.h"
#include "gossip/bus/grpc_transport.h"

namespace slotmesh::bus {

// A thread that runs tasks in order. Can be held, to let things pile up.
class Executor {
 public:
  Executor() : thread_([this] { Run(); }) {}
  ~Executor() {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
      held_ = false;
    }
    thread_.join();
  }
  void Post(std::function<void()> task) {
    absl::MutexLock lock(&mu_);
    tasks_.push_back(std::move(task));
  }
  void Hold(bool held) {
    absl::MutexLock lock(&mu_);
    held_ = held;
  }
  // Runs `task` on the thread and waits for it.
  void RunAndWait(std::function<void()> task) {
    bool done = false;
    absl::Mutex mu;
    Post([&] {
      task();
      absl::MutexLock lock(&mu);
      done = true;
    });
    absl::MutexLock lock(&mu);
    mu.Await(absl::Condition(&done));
  }

 private:
  void Run() {
    for (;;) {
      std::function<void()> task;
      {
        absl::MutexLock lock(&mu_);
        const auto due = [this] { return stopping_ || (!held_ && !tasks_.empty()); };
        mu_.Await(absl::Condition(&due));
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  absl::Mutex mu_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  bool held_ = false;
  std::thread thread_;
};

inline slots::NodeId TestNodeId(uint8_t number) {
  return slots::NodeId::FromBytes(std::string(20, static_cast<char>(number)));
}
inline slots::LogId TestLogId(uint8_t number) {
  return slots::LogId::FromBytes(std::string(20, static_cast<char>(number)));
}

struct Received {
  Sender sender;
  Channel channel;
  Frame frame;
};

struct TestNodeOptions {
  uint8_t number = 1;
  slots::BootId boot = 1;
  int port = 0;
  uint32_t protocol = kProtocolVersion;
  SecurityOptions security;
  std::string bind_host = "127.0.0.1";
};

class TestNode {
 public:
  explicit TestNode(TestNodeOptions options) : options_(std::move(options)) {
    const std::string bind = options_.bind_host + ":" + std::to_string(options_.port);
    auto auth = Authenticator::Create(
        options_.security, {bind},
        {.now = [] { return absl::Now(); }, .random = [this] { return Random(); }});
    status_ = auth.status();
    if (!status_.ok()) return;
    auth_ = *std::move(auth);
    auto transport = MakeGrpcTransport(
        {.self = {.node = TestNodeId(options_.number),
                  .boot = options_.boot,
                  .log = TestLogId(options_.number),
                  .protocol = options_.protocol},
         .binds = {bind},
         .post = [this](std::function<void()> task) { executor.Post(std::move(task)); },
         .now = [] { return absl::Now(); },
         .random = [this] { return Random(); },
         .log =
             [this](const std::string& line) {
               absl::MutexLock lock(&mu);
               log_lines.push_back(line);
             }},
        auth_.get(), MakeHandlers());
    status_ = transport.status();
    if (status_.ok()) transport_ = *std::move(transport);
  }
  ~TestNode() {
    executor.Hold(false);
    executor.RunAndWait([this] { transport_ = nullptr; });
  }

  GrpcTransport& operator*() { return *transport_; }
  GrpcTransport* operator->() { return transport_.get(); }
  const absl::Status& status() const { return status_; }
  slots::NodeId id() const { return TestNodeId(options_.number); }
  std::string address() const { return "127.0.0.1:" + std::to_string(transport_->port()); }
  Authenticator& auth() { return *auth_; }

  void Knows(TestNode& other, bool keep = false) {
    transport_->SetPeer(other.id(), other.address(), keep);
  }

  // Waits at most 20 s until `condition`, evaluated under mu, holds.
  template <typename Condition>
  bool WaitFor(Condition condition) {
    absl::MutexLock lock(&mu);
    return mu.AwaitWithTimeout(absl::Condition(&condition), absl::Seconds(20));
  }
  // The same for what does not stand under mu.
  template <typename Condition>
  bool Poll(Condition condition) {
    const absl::Time end = absl::Now() + absl::Seconds(20);
    while (!condition() && absl::Now() < end) absl::SleepFor(absl::Milliseconds(5));
    return condition();
  }
  bool WaitForFrames(size_t count) {
    return WaitFor([this, count] { return frames.size() >= count; });
  }
  bool WaitForEvent(PeerEvent::What what, size_t count = 1) {
    return WaitFor([this, what, count] { return CountEvents(what) >= count; });
  }
  size_t CountEvents(PeerEvent::What what) const {
    size_t count = 0;
    for (const PeerEvent& event : events) count += event.what == what;
    return count;
  }

  absl::Mutex mu;
  std::vector<Received> frames;  // Under mu, as all below.
  std::vector<PeerEvent> events;
  std::vector<std::string> log_lines;
  std::vector<CallReply> held_replies;
  Executor executor;

 private:
  uint64_t Random() {
    absl::MutexLock lock(&random_mu_);
    return absl::Uniform<uint64_t>(random_);
  }

  Handlers MakeHandlers() {
    return {
        .on_frame =
            [this](const Sender& sender, Channel channel, Frame frame) {
              absl::MutexLock lock(&mu);
              frames.push_back({sender, channel, std::move(frame)});
            },
        .on_peer =
            [this](const PeerEvent& event) {
              absl::MutexLock lock(&mu);
              events.push_back(event);
            },
        .on_call =
            [this](const Sender& sender, std::string method, std::string payload, CallReply reply) {
              if (method == "drop") return;
              if (method == "fail") return reply(absl::NotFoundError("no such thing"));
              if (method == "hold") {
                absl::MutexLock lock(&mu);
                held_replies.push_back(std::move(reply));
                return;
              }
              reply(method + ":" + payload + ":" + std::to_string(sender.boot));
            }};
  }

  const TestNodeOptions options_;
  absl::Mutex random_mu_;
  absl::BitGen random_;
  absl::Status status_;
  std::unique_ptr<Authenticator> auth_;
  std::unique_ptr<GrpcTransport> transport_;
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_TESTING_H_
