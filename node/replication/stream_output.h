// An RDB file that exists nowhere but on its way to replicas (diskless synchronisation): written on
// one thread, taken on the engine's, shared by all who get it.
//
// Write waits while more than kBytesMax have not been sent to everybody, so memory is bounded and
// the slowest replica sets the pace. The pipe outlives file and pieces.
#ifndef SLOTMESH_NODE_REPLICATION_STREAM_OUTPUT_H_
#define SLOTMESH_NODE_REPLICATION_STREAM_OUTPUT_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "node/persist/output_file.h"

namespace slotmesh::node {

class StreamPipe : public std::enable_shared_from_this<StreamPipe> {
 public:
  static constexpr size_t kBytesMax = size_t{16} << 20;
  using Piece = std::shared_ptr<const std::string>;

  // `on_piece` is called on the writing thread when there is something to take.
  explicit StreamPipe(std::function<void()> on_piece) : on_piece_(std::move(on_piece)) {}

  // The writing end, for a BackgroundSave. Commit does nothing: the end is the save's to tell.
  std::unique_ptr<OutputFile> MakeFile();

  // Engine thread: what has been written since the last call. A piece counts until its last owner
  // lets go of it.
  std::vector<Piece> Take();
  // Nobody wants it any more: Write fails from now on.
  void Abandon();

 private:
  class File;

  absl::Status Write(std::string_view bytes);
  void Release(size_t bytes);

  const std::function<void()> on_piece_;
  std::mutex mutex_;
  std::condition_variable room_;
  size_t bytes_ = 0;  // In pieces that somebody has.
  bool abandoned_ = false;
  std::vector<Piece> pieces_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_STREAM_OUTPUT_H_
