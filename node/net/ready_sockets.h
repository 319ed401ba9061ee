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
  // Tells, now and once, all whose sockets are ready, whether within a turn or not, and then calls
  // `after_turn`. For a watcher that is told and does not get done (a script that takes long): it
  // must be ready to be told again meanwhile. Nests.
  void TellReadyNow();
  // Within a turn: `after_turn` is to come.
  bool in_turn() const { return round_ != nullptr; }

 private:
  static constexpr size_t kEventsMax = 256;

  // Who is told at once. Who is removed meanwhile is told nothing, in any round.
  struct Round {
    Round* outer = nullptr;  // The one within whose telling this one began.
    std::array<epoll_event, kEventsMax> events;
    // Of events: the next to tell of, and their number.
    size_t next = 0;
    size_t count = 0;
  };

  void Wait();

  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
  std::function<void()> after_turn_;
  Round* round_ = nullptr;  // On the stack of TellReadyNow; null between turns.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_READY_SOCKETS_H_
