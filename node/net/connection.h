// One client's socket: bytes in, requests to the dispatcher, replies out.
//
// Engine thread only. Kept alive by its pending socket operations and by the server's table. A read
// is parsed into a batch, executed, and answered with one write in the same turn; a client that
// waits (parked) keeps its order: what it sends meanwhile stays in the socket. Bounds: requests of
// one turn (RequestBatch::kRequestsMax), the query buffer (ParserLimits), replies
// (client-output-buffer-limit).
#ifndef SLOTMESH_NODE_NET_CONNECTION_H_
#define SLOTMESH_NODE_NET_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "boost/asio/basic_stream_socket.hpp"
#include "boost/asio/generic/stream_protocol.hpp"
#include "boost/asio/io_context.hpp"
#include "node/command/client.h"
#include "node/command/dispatcher.h"
#include "node/command/fetch_ahead.h"
#include "node/command/owned_args.h"
#include "node/net/held_output.h"
#include "node/net/ready_sockets.h"
#include "node/resp/parser.h"

namespace slotmesh::node {

class Server;

// Without the type-erased executor, whose calls show in a profile of small requests.
using StreamSocket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                      boost::asio::io_context::executor_type>;

class Connection : public ClientHost,
                   public std::enable_shared_from_this<Connection>,
                   private ReadySockets::Watcher {
 public:
  Connection(Server& server, StreamSocket socket, uint64_t id);
  ~Connection() override;

  Client& client() { return client_; }
  RequestParser& parser() { return parser_; }
  bool closed() const { return closed_; }

  // False if the system cannot watch one more socket; the connection is closed then.
  bool Start();

  // ClientHost.
  void Resume(Client& client) override;
  void Flush(Client& client) override;
  void Close(Client& client, bool after_replies) override;
  void MeasureBuffers(Client& client) override;

  // The first of the requests that have been read and are to run in RunRead().
  UpcomingRequest upcoming() const { return {client_.database, batch_.args(0)}; }
  // Runs them, unless the connection has been closed meanwhile. Called by ReadAhead.
  void RunRead();

  // Sends what is buffered, and has the client's memory counted. Called by the server at the end of
  // a turn, or right after a batch.
  void Write();
  // What requests have put out since the last call may have to wait for replicas (write-safety
  // synced). Called after each batch, before other clients' requests run.
  void HoldReplies();
  bool holds_replies() const { return !held_.empty(); }
  // The server's list (SendWhenSafe) has let it go.
  void EndAwaitSafety() { awaits_safety_ = false; }
  // It will be written at the end of the turn. False if that was so already.
  bool MarkDeferred() { return !std::exchange(deferred_, true); }
  // Closes now: the client leaves every table. Idempotent.
  void Shut();
  // Closes a client that is past client-output-buffer-limit. True if it was.
  bool EnforceOutputLimit(int64_t now_ms);
  // Gives back buffers that are not needed: of a client that has been quiet for `query_idle` or
  // `reply_idle`, or larger than its requests since the last call.
  void Tidy(bool query_idle, bool reply_idle);

 private:
  // ReadySockets::Watcher.
  void OnReadable(bool ended) override;
  void Read(bool ended);
  void Send();
  // Sends what the socket takes of the output and of what feeds it. True if there is nothing left
  // that could be sent now.
  bool SendAll();
  OutputClass output_class() const;
  // Of client-output-buffer-limit; 0: none. A replica may always lag as far as the backlog is kept
  // for it: it would only come back to be closed again.
  uint64_t HardLimit() const;
  // What counts for client-output-buffer-limit.
  size_t LimitedBytes() const;
  // The replies may not be sent, and the client goes, because they are past the hard limit.
  bool PastHardLimit() const;
  // While parked nothing is read; only the other end's closing is told.
  void SetWaiting(bool waits);
  void OnRead(size_t bytes);
  // Asks to be told of what a read left in the socket, once what was read is done with.
  void ReadOn();
  // Parses what is buffered into batch_.
  void Parse();
  // Parses and executes until nothing complete is left, the client parks or a turn's share is done.
  void Process();
  // The part of Process() behind Parse().
  void RunParsed();
  // The requests are few, so they may run with those of others.
  bool MayRunLater() const;
  void BorrowBuffer();
  void GiveBackBuffer();
  // While one of its own requests runs the connection reads and writes nothing: a script may let
  // others be served meanwhile.
  class Running;

  // Runs batch requests from next_ on. False if the client parked or is closing.
  bool RunBatch();
  void NoteInlineBytes(size_t request);
  Dispatcher::Result RunParked();
  void RunBacklog();
  void KeepRestOfBatch();
  void ProtocolError();
  void UpdateLimits();
  void ContinueLater();
  // Lets go what is safe by now. False: it may not leave any more, the connection is to be closed.
  bool ReleaseReplies();
  // The server writes it again when the first of what is held is safe.
  void AwaitSafety();
  // So much of the output is held that no more requests are read until some of it has left.
  bool HoldsTooMuch();

  Server& server_;
  StreamSocket socket_;
  Client client_;
  RequestParser parser_;
  RequestBatch batch_;
  ParseStatus parsed_ = ParseStatus::kNeedMore;  // What ended batch_.
  size_t next_ = 0;                              // In batch_: the first request not yet run.
  std::deque<OwnedArgs> backlog_;                // Requests of the batch behind a parked one.
  HeldOutput held_;
  bool awaits_safety_ = false;  // Stands in the server's list.
  bool held_back_ = false;      // HoldsTooMuch() stopped the reading.
  bool running_ = false;
  bool runs_later_ = false;  // RunRead() is to come.
  bool borrows_ = false;     // The parser has a buffer of ReadAhead's.
  bool waits_ = false;
  bool unread_ = false;     // There may be more in the socket.
  bool continues_ = false;  // Goes on with what is buffered before it reads more.
  bool writing_ = false;    // Waits for the socket to take more.
  bool closed_ = false;
  bool deferred_ = false;  // Stands in the server's list.
  int64_t over_soft_limit_since_ms_ = 0;
  size_t query_peak_ = 0;  // Most that was read at a time, since the last Tidy().
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_CONNECTION_H_
