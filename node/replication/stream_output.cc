#include "node/replication/stream_output.h"

#include <utility>

namespace slotmesh::node {

class StreamPipe::File : public OutputFile {
 public:
  explicit File(std::shared_ptr<StreamPipe> pipe) : pipe_(std::move(pipe)) {}
  absl::Status Write(std::string_view bytes) override { return pipe_->Write(bytes); }
  absl::Status Commit() override { return absl::OkStatus(); }

 private:
  std::shared_ptr<StreamPipe> pipe_;
};

std::unique_ptr<OutputFile> StreamPipe::MakeFile() {
  return std::make_unique<File>(shared_from_this());
}

absl::Status StreamPipe::Write(std::string_view bytes) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return bytes_ < kBytesMax || abandoned_; });
    if (abandoned_) return absl::CancelledError("no replica is left to receive the file");
    bytes_ += bytes.size();
    pieces_.push_back(
        Piece(new std::string(bytes), [pipe = shared_from_this()](const std::string* piece) {
          pipe->Release(piece->size());
          delete piece;
        }));
  }
  on_piece_();
  return absl::OkStatus();
}

void StreamPipe::Release(size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
  }
  room_.notify_one();
}

std::vector<StreamPipe::Piece> StreamPipe::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(pieces_, {});
}

void StreamPipe::Abandon() {
  std::vector<Piece> dropped;  // Freed without the lock, which freeing takes.
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    dropped.swap(pieces_);
  }
  room_.notify_one();
}

}  // namespace slotmesh::node
