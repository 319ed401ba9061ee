// Connections whose requests have been read in this turn and run a little later, together.
//
// A client that sends one request at a time leaves nothing to fetch ahead; several of them that are
// ready in the same turn do (FetchAhead). They run in the order in which they were read, when
// prefetch-batch-max-size of them are here or all that was ready has been read. While one of them
// takes long (a script), those behind it may be run from within: RunAll is re-entrant.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_NET_READ_AHEAD_H_
#define SLOTMESH_NODE_NET_READ_AHEAD_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "node/command/engine.h"
#include "node/command/fetch_ahead.h"
#include "node/resp/parser.h"

namespace slotmesh::node {

class Connection;

class ReadAhead {
 public:
  explicit ReadAhead(const Engine& engine) : engine_(engine) {}
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // Connections may wait for each other (prefetch-batch-max-size is not 0 or 1).
  bool enabled() const { return engine_.config.prefetch_batch_max_size > 1; }
  // `connection` has read whole requests; Connection::RunRead will run them.
  void Add(std::shared_ptr<Connection> connection);
  void RunAll();

  // Buffers for connections that have none of their own (RequestParser::Borrow): the one that was
  // put back last, an empty one if all are taken.
  QueryBuffer TakeBuffer();
  void PutBuffer(QueryBuffer buffer);

 private:
  // More are freed when they come back.
  static constexpr size_t kBuffersMax = 32;

  const Engine& engine_;
  std::vector<std::shared_ptr<Connection>> waiting_;
  size_t next_ = 0;  // Of waiting_: those before have run.
  std::vector<UpcomingRequest> upcoming_;
  std::vector<QueryBuffer> buffers_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_READ_AHEAD_H_
