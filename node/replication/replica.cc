#include "node/replication/replica.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kFilePiece = 256 * 1024;
constexpr size_t kStreamPiece = 64 * 1024;

}  // namespace

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string OpenFile::Read(uint64_t offset, size_t max) const {
  std::string bytes(std::min<uint64_t>(max, size_ - std::min(offset, size_)), '\0');
  ssize_t got = -1;
  do {
    got = pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  } while (got < 0 && errno == EINTR);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

void Replica::Wait(int64_t now_ms) {
  state_ = State::kWaiting;
  waits_since_ms_ = now_ms;
  last_ack_ms_ = now_ms;
}

void Replica::BeginCopy(std::string_view history, uint64_t offset) {
  state_ = State::kSaving;
  position_ = offset;
  const bool says_more = diverged_at_.has_value() && options_.boot != 0;
  const std::string more = says_more ? StrCat(" ", *diverged_at_) : "";
  if (!options_.old_style)
    client_.output.Append(StrCat("+FULLRESYNC ", history, " ", offset, more, "\r\n"));
  client_.host()->Flush(client_);
}

void Replica::SendFile(std::shared_ptr<const OpenFile> file) {
  state_ = State::kSending;
  last_ack_ms_ = now_ms_;
  file_ = std::move(file);
  file_position_ = 0;
  client_.output.Append(StrCat("$", file_->size(), "\r\n"));
  client_.host()->Flush(client_);
}

void Replica::BeginPieces(std::string_view mark) {
  state_ = State::kSending;
  begins_with_ack_ = true;
  last_ack_ms_ = now_ms_;
  client_.output.Append(StrCat("$EOF:", mark, "\r\n"));
  client_.host()->Flush(client_);
}

void Replica::SendPiece(StreamPipe::Piece piece) {
  pieces_.push_back(std::move(piece));
  client_.host()->Flush(client_);
}

void Replica::EndPieces(std::string_view mark) {
  pieces_.push_back(std::make_shared<const std::string>(mark));
  pieces_ended_ = true;
  client_.host()->Flush(client_);
}

void Replica::GoOnline(uint64_t offset, int64_t now_ms) {
  state_ = State::kOnline;
  position_ = offset;
  last_ack_ms_ = now_ms;
  file_.reset();
  client_.host()->Flush(client_);
}

bool Replica::Acknowledge(uint64_t offset, uint64_t synced, int64_t now_ms) {
  last_ack_ms_ = now_ms;
  const bool news = offset > acknowledged_ || synced > synced_;
  acknowledged_ = std::max(acknowledged_, offset);
  synced_ = std::max(synced_, synced);
  // The file has arrived as a whole: what follows cannot be taken for a part of it.
  if (state_ == State::kSending && begins_with_ack_ && pieces_ended_ && pieces_.empty()) {
    GoOnline(position_, now_ms);
  }
  return news;
}

void Replica::KeepAlive() {
  const bool waits = state_ == State::kWaiting || state_ == State::kSaving;
  if (!waits) return;
  client_.output.Append("\n");
  client_.host()->Flush(client_);
}

void Replica::FileSent() {
  if (options_.only_file) {
    client_.close_after_reply = true;
    return;
  }
  if (!begins_with_ack_) GoOnline(position_, now_ms_);
}

void Replica::FillFromFile(OutputBuffer& output) {
  std::string bytes = file_->Read(file_position_, kFilePiece);
  if (bytes.empty()) {
    // The disk does not give back what it took.
    client_.host()->Close(client_, /*after_replies=*/false);
    return;
  }
  file_position_ += bytes.size();
  last_ack_ms_ = now_ms_;
  output.AppendOwned(std::move(bytes));
  if (file_position_ == file_->size()) FileSent();
}

void Replica::FillFromPieces(OutputBuffer& output) {
  last_ack_ms_ = now_ms_;
  while (!pieces_.empty() && output.size() < kFilePiece) {
    const std::string_view bytes = *pieces_.front();
    output.AppendShared(std::move(pieces_.front()), bytes);
    pieces_.pop_front();
  }
  if (pieces_ended_ && pieces_.empty()) FileSent();
}

void Replica::Fill(OutputBuffer& output) {
  if (state_ == State::kSending && file_ != nullptr && file_position_ < file_->size()) {
    return FillFromFile(output);
  }
  if (state_ == State::kSending && !pieces_.empty()) return FillFromPieces(output);
  if (state_ != State::kOnline) return;
  while (output.size() < kStreamPiece) {
    const std::string_view bytes = backlog_.Read(position_);
    if (bytes.empty()) return;
    output.Append(bytes);
    position_ += bytes.size();
  }
}

size_t Replica::waiting_bytes() const { return needs_stream() ? backlog_.end() - position_ : 0; }

}  // namespace slotmesh::node
