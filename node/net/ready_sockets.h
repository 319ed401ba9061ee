// Tells watchers when their sockets have something to read: one look at the system for all that are
// ready.
//
// The sockets stand in an epoll set of their own, which is itself one descriptor of Asio's. Reading
// through Asio tries a socket first and waits for it after that: for a client that sends its next
// request when it has the reply, that is a system call in vain per request. The set is
// edge-triggered, so that the system does not look at a socket again that has just been read empty;
// who leaves bytes in a socket asks with TellAgain.
//
// Engine thread only. Borrows watchers: Remove before one goes or its socket is closed. Under load
// it costs one system call per turn and none per socket; Asio has its own turn after at most
// kTurnsMax of them. A second look right after a turn is worth its call only if clients are quick
// to send again: it is left out, ever more often, while it finds nothing. What it would have found
// Asio tells of, for the price of three calls.
#ifndef SLOTMESH_NODE_NET_READY_SOCKETS_H_
#define SLOTMESH_NODE_NET_READY_SOCKETS_H_

#include <sys/epoll.h>

#include <array>
#include <cstddef>

#include "boost/asio/io_context.hpp"
#include "boost/asio/posix/basic_stream_descriptor.hpp"

namespace slotmesh::node {

class ReadySockets {
 public:
  class Watcher {
   public:
    // There are bytes, the end or an error: told once for what has arrived. `ended`: the end or an
    // error is among it, behind the bytes. May add and remove watchers, itself too.
    virtual void OnReadable(bool ended) = 0;

   protected:
    ~Watcher() = default;
  };
  // Around the watchers that are told together.
  class Turns {
   public:
    virtual void OnTurnBegin() = 0;
    // Within the turn: all that were ready have been told, after TellNow too.
    virtual void OnAllTold() = 0;
    virtual void OnTurnEnd() = 0;

   protected:
    ~Turns() = default;
  };

  // Asio's own handlers wait for at most so many turns.
  static constexpr int kTurnsMax = 8;
  // Turns without a second look, after several that found nothing.
  static constexpr int kUnseenMax = 15;

  ReadySockets(boost::asio::io_context& io, Turns& turns);
  ReadySockets(const ReadySockets&) = delete;
  ReadySockets& operator=(const ReadySockets&) = delete;

  // False if the system refuses (out of memory or watches).
  bool Add(int socket, Watcher& watcher);
  // Off: only the other end's closing is told, once. On: told in the next turn if there is
  // something already.
  void SetReading(int socket, Watcher& watcher, bool on);
  // There may be more in the socket than the watcher has read.
  void TellAgain(int socket, Watcher& watcher) { SetReading(socket, watcher, true); }
  void Remove(int socket, const Watcher& watcher);
  // Tells at once all whose sockets are ready, within a turn or not; Turns hears of OnAllTold only.
  // For a watcher that is told and does not get done (a script that takes long): it may be told
  // again meanwhile.
  void TellNow();
  // Within a turn: OnTurnEnd is to come.
  bool in_turn() const { return in_turn_; }

 private:
  static constexpr size_t kEventsMax = 256;

  void Wait();
  // False if nothing was ready.
  bool Turn();
  // A turn that is not announced; false, too, if there is to be none now.
  bool LookAgain();
  // Those of events_ that have not been told yet.
  void TellRest();

  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
  Turns& turns_;
  bool in_turn_ = false;
  int unseen_ = 0;    // Turns that will end without a second look.
  int patience_ = 0;  // What unseen_ was set to last; grows with each look in vain.
  std::array<epoll_event, kEventsMax> events_;
  // Of events_: the next to tell of, and their number. Who is removed meanwhile is told nothing.
  size_t next_ = 0;
  size_t count_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_READY_SOCKETS_H_
