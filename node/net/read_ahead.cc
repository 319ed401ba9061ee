#include "node/net/read_ahead.h"

#include <array>

#include "node/command/fetch_ahead.h"
#include "node/net/connection.h"

namespace slotmesh::node {

void ReadAhead::Add(std::shared_ptr<Connection> connection) {
  waiting_.push_back(std::move(connection));
  if (waiting_.size() - next_ == kConnectionsMax) RunAll();
}

void ReadAhead::RunAll() {
  const size_t count = waiting_.size() - next_;
  if (count > 1) {
    std::array<UpcomingRequest, kConnectionsMax> first;
    for (size_t i = 0; i < count; ++i) first[i] = waiting_[next_ + i]->upcoming();
    FetchAhead(engine_, absl::MakeConstSpan(first.data(), count));
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
  if (buffers_.size() < kConnectionsMax) buffers_.push_back(std::move(buffer));
}

}  // namespace slotmesh::node
