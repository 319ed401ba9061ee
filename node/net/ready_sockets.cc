#include "node/net/ready_sockets.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr uint32_t kBytes = EPOLLIN | EPOLLRDHUP;
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

ReadySockets::ReadySockets(boost::asio::io_context& io, std::function<void()> after_turn)
    : set_(io.get_executor(), NewSet()), after_turn_(std::move(after_turn)) {
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
  for (Round* round = round_; round != nullptr; round = round->outer) {
    for (size_t i = round->next; i < round->count; ++i) {
      if (round->events[i].data.ptr == &watcher) round->events[i].data.ptr = nullptr;
    }
  }
}

void ReadySockets::Wait() {
  set_.async_wait(decltype(set_)::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;  // This is going away.
    TellReadyNow();
    Wait();
  });
}

void ReadySockets::TellReadyNow() {
  Round round;
  const int ready = epoll_wait(set_.native_handle(), round.events.data(), kEventsMax, 0);
  round.count = static_cast<size_t>(std::max(ready, 0));
  round.outer = std::exchange(round_, &round);
  while (round.next < round.count) {
    void* watcher = round.events[round.next++].data.ptr;
    if (watcher != nullptr) static_cast<Watcher*>(watcher)->OnReadable();
  }
  round_ = round.outer;
  after_turn_();
}

}  // namespace slotmesh::node
