#include "modules/net/asio_descriptors.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>

namespace slotmesh::modules {

int AsioDescriptors::Open() {
  if (set_.is_open()) return 0;
  const int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return errno;
  set_.assign(set);
  return 0;
}

int AsioDescriptors::Watch(int descriptor, int mask) {
  if (const int error = Open(); error != 0) return error;
  epoll_event event{};
  event.data.fd = descriptor;
  if ((mask & kReadable) != 0) event.events |= EPOLLIN;
  if ((mask & kWritable) != 0) event.events |= EPOLLOUT;
  const bool known = masks_.contains(descriptor);
  if (mask == 0 && !known) return 0;
  const int change = mask == 0 ? EPOLL_CTL_DEL : known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  const int result = epoll_ctl(set_.native_handle(), change, descriptor, &event);
  if (mask == 0) {
    masks_.erase(descriptor);  // Also of one that was closed before.
    return 0;
  }
  if (result != 0) return errno;
  masks_[descriptor] = mask;
  Wait();
  return 0;
}

void AsioDescriptors::Wait() {
  if (waiting_ || masks_.empty()) return;
  waiting_ = true;
  set_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                  [this](const boost::system::error_code& error) {
                    waiting_ = false;
                    if (error) return;
                    Tell();
                    Wait();
                  });
}

void AsioDescriptors::Tell() {
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(set_.native_handle(), events.data(), kEventsMax, 0);
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[i].data.fd;
    const auto found = masks_.find(descriptor);
    if (found == masks_.end()) continue;  // One that was told before has ended it.
    int mask = 0;
    if ((events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) mask |= kReadable;
    if ((events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) mask |= kWritable;
    mask &= found->second;
    if (mask != 0) tell_(descriptor, mask);
  }
}

}  // namespace slotmesh::modules
