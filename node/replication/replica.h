// One replica of this node, as this node sees it: what it said of itself, how far it is, and the
// bytes that its connection sends next.
//
// Made by a client's first REPLCONF, SYNC or PSYNC. A replica that needs a full copy waits for a
// snapshot, gets the snapshot's file, then the stream from the snapshot's offset on; one that only
// missed some of the stream gets that.
//
// Engine thread only. Borrows client and backlog. The stream is copied from the backlog in pieces
// as the socket takes them, so a slow replica costs no memory but the backlog it still needs.
#ifndef SLOTMESH_NODE_REPLICATION_REPLICA_H_
#define SLOTMESH_NODE_REPLICATION_REPLICA_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "node/command/client.h"
#include "node/replication/backlog.h"
#include "node/replication/stream_output.h"
#include "slots/ids.h"

namespace slotmesh::node {

// A file that is open for reading; it may have no name any more.
class OpenFile {
 public:
  // -1 if that could not be opened.
  OpenFile(int descriptor, uint64_t size) : descriptor_(descriptor), size_(size) {}
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool ok() const { return descriptor_ >= 0; }
  uint64_t size() const { return size_; }
  // At most `max` bytes from `offset` on; empty at an error.
  std::string Read(uint64_t offset, size_t max) const;

 private:
  const int descriptor_;
  const uint64_t size_;
};

class Replica : public OutputFeed {
 public:
  enum class State : uint8_t {
    kOptions = 0,  // Has only said what it is.
    kWaiting = 1,  // For a snapshot to begin,
    kSaving = 2,   // for its file to be written,
    kSending = 3,  // and for the file to arrive.
    kOnline = 4,   // Gets the stream.
  };
  // What it says of itself with REPLCONF.
  struct Options {
    int64_t port = 0;
    std::string address;        // Empty: the connection's.
    bool takes_stream = false;  // capa eof: a file whose length is not known at its beginning.
    bool knows_psync2 = false;
    bool only_file = false;  // rdb-only: goes once it has it.
    bool old_style = false;  // SYNC: neither told of histories nor expected to acknowledge.
    // The process that it is, in a cluster; zero if it does not say.
    slots::NodeId node;
    slots::BootId boot = 0;
  };

  Replica(Client& client, Backlog& backlog, std::function<void(Replica&)> on_gone)
      : client_(client), backlog_(backlog), on_gone_(std::move(on_gone)) {}

  Client& client() { return client_; }
  const Client& client() const { return client_; }
  Options& options() { return options_; }
  const Options& options() const { return options_; }
  State state() const { return state_; }
  // It holds on to the stream from there on. Meaningful while it gets, or is to get, the stream.
  bool needs_stream() const { return state_ >= State::kSaving; }
  uint64_t position() const { return position_; }

  // Its history is this node's up to there only, though it has more; it is told so with its copy.
  void set_diverged_at(uint64_t offset) { diverged_at_ = offset; }
  // Waits for a snapshot since `now_ms`.
  void Wait(int64_t now_ms);
  int64_t waits_since_ms() const { return waits_since_ms_; }
  // The snapshot's offset is known.
  void BeginCopy(std::string_view history, uint64_t offset);
  // `file` follows, then the stream.
  void SendFile(std::shared_ptr<const OpenFile> file);
  // The file comes in pieces, between marks; the stream follows once the replica acknowledges.
  void BeginPieces(std::string_view mark);
  void SendPiece(StreamPipe::Piece piece);
  void EndPieces(std::string_view mark);
  // All of the file is here, if any is.
  bool file_is_whole() const { return file_ != nullptr || pieces_ended_; }
  // The stream from there on.
  void GoOnline(uint64_t offset, int64_t now_ms);
  // There is more of the stream.
  void Wake() {
    if (state_ == State::kOnline) client_.host()->Flush(client_);
  }
  // What it has, as it says. True if that is news.
  bool Acknowledge(uint64_t offset, uint64_t synced, int64_t now_ms);
  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t synced() const { return synced_; }  // On its disk.
  int64_t last_ack_ms() const { return last_ack_ms_; }
  // Something to keep the connection from timing out.
  void KeepAlive();

  // Engine's time, kept by whoever owns the replicas.
  void set_now_ms(int64_t now_ms) { now_ms_ = now_ms; }

  // OutputFeed.
  void Fill(OutputBuffer& output) override;
  size_t waiting_bytes() const override;
  void OnGone() override { on_gone_(*this); }

 private:
  void FillFromFile(OutputBuffer& output);
  void FillFromPieces(OutputBuffer& output);
  void FileSent();

  Client& client_;
  Backlog& backlog_;
  const std::function<void(Replica&)> on_gone_;
  Options options_;
  State state_ = State::kOptions;
  int64_t now_ms_ = 0;
  int64_t waits_since_ms_ = 0;
  uint64_t position_ = 0;  // Of the next byte of the stream.
  std::optional<uint64_t> diverged_at_;
  uint64_t acknowledged_ = 0;
  uint64_t synced_ = 0;
  int64_t last_ack_ms_ = 0;
  std::shared_ptr<const OpenFile> file_;
  uint64_t file_position_ = 0;
  std::deque<StreamPipe::Piece> pieces_;
  bool pieces_ended_ = false;
  bool begins_with_ack_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_REPLICA_H_
