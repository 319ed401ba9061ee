#include "node/net/read_ahead.h"

#include "node/net/connection.h"

namespace slotmesh::node {

void ReadAhead::Add(std::shared_ptr<Connection> connection) {
  waiting_.push_back(std::move(connection));
  const auto most = static_cast<size_t>(engine_.config.prefetch_batch_max_size);
  if (waiting_.size() - next_ >= most) RunAll();
}

void ReadAhead::RunAll() {
  if (waiting_.size() - next_ > 1) {
    upcoming_.clear();
    for (size_t i = next_; i < waiting_.size(); ++i) upcoming_.push_back(waiting_[i]->upcoming());
    FetchAhead(engine_, upcoming_);
  }
  while (next_ < waiting_.size()) {
    const std::shared_ptr<Connection> connection = std::move(waiting_[next_++]);
    connection->RunRead();
  }
  waiting_.clear();
  next_ = 0;
}

QueryBuffer ReadAhead::TakeBuffer() {
  if (buffers_.empty()) return QueryBuffer();
  QueryBuffer buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void ReadAhead::PutBuffer(QueryBuffer buffer) {
  if (buffers_.size() < kBuffersMax) buffers_.push_back(std::move(buffer));
}

}  // namespace slotmesh::node
