#include "node/net/ready_sockets.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr uint32_t kBytes = EPOLLIN | EPOLLRDHUP | EPOLLET;
constexpr uint32_t kEnded = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr uint32_t kEndOnly = EPOLLRDHUP | EPOLLONESHOT;

int NewSet() {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  CHECK(set >= 0);
  return set;
}

epoll_event EventOf(uint32_t events, ReadySockets::Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  return event;
}

}  // namespace

ReadySockets::ReadySockets(boost::asio::io_context& io, Turns& turns)
    : set_(io.get_executor(), NewSet()), turns_(turns) {
  Wait();
}

bool ReadySockets::Add(int socket, Watcher& watcher) {
  epoll_event event = EventOf(kBytes, watcher);
  return epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, socket, &event) == 0;
}

void ReadySockets::SetReading(int socket, Watcher& watcher, bool on) {
  epoll_event event = EventOf(on ? kBytes : kEndOnly, watcher);
  CHECK_EQ(epoll_ctl(set_.native_handle(), EPOLL_CTL_MOD, socket, &event), 0);
}

void ReadySockets::Remove(int socket, const Watcher& watcher) {
  epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
  for (size_t i = next_; i < count_; ++i) {
    if (events_[i].data.ptr == &watcher) events_[i].data.ptr = nullptr;
  }
}

void ReadySockets::Wait() {
  set_.async_wait(decltype(set_)::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;  // This is going away.
    bool more = Turn();
    for (int turns = 1; turns < kTurnsMax && more; ++turns) more = LookAgain();
    Wait();
  });
}

bool ReadySockets::LookAgain() {
  if (unseen_ > 0) {
    --unseen_;
    return false;
  }
  const bool found = Turn();
  patience_ = found ? 0 : std::min(2 * patience_ + 1, kUnseenMax);
  unseen_ = patience_;
  return found;
}

bool ReadySockets::Turn() {
  const int ready = epoll_wait(set_.native_handle(), events_.data(), kEventsMax, 0);
  if (ready <= 0) return false;
  count_ = static_cast<size_t>(ready);
  in_turn_ = true;
  turns_.OnTurnBegin();
  TellRest();
  in_turn_ = false;
  turns_.OnTurnEnd();
  return true;
}

void ReadySockets::TellRest() {
  while (next_ < count_) {
    const epoll_event event = events_[next_++];
    if (event.data.ptr == nullptr) continue;
    static_cast<Watcher*>(event.data.ptr)->OnReadable((event.events & kEnded) != 0);
  }
  next_ = count_ = 0;
  turns_.OnAllTold();
}

void ReadySockets::TellNow() {
  const bool within = std::exchange(in_turn_, true);
  // Those that the turn under way has yet to tell; nobody else will tell them in time.
  TellRest();
  const int ready = epoll_wait(set_.native_handle(), events_.data(), kEventsMax, 0);
  count_ = static_cast<size_t>(std::max(ready, 0));
  TellRest();
  in_turn_ = within;
}

}  // namespace slotmesh::node
