// Tells watchers when their sockets have something to read: one look at the system for all that are
// ready.
//
// The sockets stand in an epoll set of their own, level-triggered, which is itself one descriptor
// of Asio's. Reading through Asio tries a socket first and waits for it after that: for a client
// that sends its next request when it has the reply, that is a system call in vain per request.
//
// Engine thread only. Borrows watchers: Remove before one goes or its socket is closed. Costs two
// system calls per turn, none per socket.
#ifndef SLOTMESH_NODE_NET_READY_SOCKETS_H_
#define SLOTMESH_NODE_NET_READY_SOCKETS_H_

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <functional>

#include "boost/asio/io_context.hpp"
#include "boost/asio/posix/basic_stream_descriptor.hpp"

namespace slotmesh::node {

class ReadySockets {
 public:
  class Watcher {
   public:
    // There are bytes, the end or an error. Told again in the next turn if that is still so. May
    // add and remove watchers, itself too.
    virtual void OnReadable() = 0;

   protected:
    ~Watcher() = default;
  };

  // `after_turn` is called when all watchers of a turn have been told.
  ReadySockets(boost::asio::io_context& io, std::function<void()> after_turn);
  ReadySockets(const ReadySockets&) = delete;
  ReadySockets& operator=(const ReadySockets&) = delete;

  // False if the system refuses (out of memory or watches).
  bool Add(int socket, Watcher& watcher);
  // Off: only the other end's closing is told, once.
  void SetReading(int socket, Watcher& watcher, bool on);
  void Remove(int socket, const Watcher& watcher);
  // Within a turn: `after_turn` is to come.
  bool in_turn() const { return in_turn_; }

 private:
  static constexpr size_t kEventsMax = 256;

  void Wait();
  void TellReady();

  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
  std::function<void()> after_turn_;
  bool in_turn_ = false;
  std::array<epoll_event, kEventsMax> events_;
  // Of events_: the next to tell of, and their number. Who is removed meanwhile is told nothing.
  size_t next_ = 0;
  size_t count_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_READY_SOCKETS_H_
