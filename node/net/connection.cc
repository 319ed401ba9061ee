#include "node/net/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "boost/asio/buffer.hpp"
#include "boost/asio/post.hpp"
#include "node/command/client_limit.h"
#include "node/net/server.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
// Larger query buffers become smaller again while the client is busy.
constexpr size_t kQueryBufferWorthALook = 32 * 1024;
// Of replies that wait for replicas; with more than that a connection reads no further requests.
constexpr uint64_t kHeldBytesMax = uint64_t{1} << 20;
// Of a feed: then the other clients have their turn.
constexpr size_t kFedAtOnceMax = size_t{1} << 20;

ssize_t SendPieces(int socket, iovec* pieces, size_t count) {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (count == 1) return send(socket, pieces->iov_base, pieces->iov_len, kFlags);
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  return sendmsg(socket, &message, kFlags);
}

}  // namespace

class Connection::Running {
 public:
  explicit Running(Connection& connection) : connection_(connection) { connection.running_ = true; }
  ~Running() { connection_.running_ = false; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Connection& connection_;
};

Connection::Connection(Server& server, StreamSocket socket, uint64_t id)
    : server_(server), socket_(std::move(socket)), client_(id, this) {
  client_.socket = socket_.native_handle();
}

Connection::~Connection() { Shut(); }

bool Connection::Start() {
  UpdateLimits();
  if (server_.ready_sockets().Add(socket_.native_handle(), *this)) return true;
  Shut();
  return false;
}

void Connection::UpdateLimits() {
  const Config& config = server_.engine().config;
  ParserLimits& limits = parser_.limits();
  limits.bulk_length = config.proto_max_bulk_len;
  limits.query_buffer = config.client_query_buffer_limit;
  limits.authenticated = client_.authenticated;
  client_.output.set_limit(HardLimit());
}

void Connection::OnReadable(bool ended) {
  if (running_ || runs_later_) {
    unread_ = true;
    return;
  }
  const auto self = shared_from_this();
  // While it waits nothing is read; but whoever has gone is served no more, whatever it left in the
  // socket, and however it went.
  if (waits_) {
    if (ended) Shut();
    return;
  }
  if (client_.close_after_reply) return;
  if (continues_ || HoldsTooMuch()) {
    unread_ = true;
    return;
  }
  BorrowBuffer();
  Read(ended);
  if (!runs_later_) GiveBackBuffer();
}

void Connection::BorrowBuffer() {
  QueryBuffer buffer = server_.read_ahead().TakeBuffer();
  borrows_ = parser_.Borrow(buffer);
  if (!borrows_) server_.read_ahead().PutBuffer(std::move(buffer));
}

void Connection::GiveBackBuffer() {
  QueryBuffer buffer;
  if (std::exchange(borrows_, false) && parser_.GiveBack(buffer)) {
    server_.read_ahead().PutBuffer(std::move(buffer));
  }
}

void Connection::Read(bool ended) {
  const absl::Span<char> space = parser_.PrepareRead();
  const ssize_t bytes = recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
  if (bytes > 0) {
    // A read that does not fill its space has emptied the socket.
    unread_ = ended || static_cast<size_t>(bytes) == space.size();
    return OnRead(static_cast<size_t>(bytes));
  }
  const bool later = bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  if (!later) return Shut();
  unread_ = errno == EINTR;
  ReadOn();
}

void Connection::ReadOn() {
  if (!unread_ || closed_ || waits_ || continues_ || held_back_ || client_.close_after_reply) {
    return;
  }
  unread_ = false;
  server_.ready_sockets().TellAgain(socket_.native_handle(), *this);
}

void Connection::OnRead(size_t bytes) {
  parser_.CommitRead(bytes);
  client_.input_bytes += bytes;
  server_.engine().stats.net_input_bytes += bytes;
  ++server_.engine().stats.reads;
  client_.last_interaction_ms = server_.engine().now_ms;
  query_peak_ = std::max(query_peak_, parser_.pending_bytes());
  Parse();
  if (MayRunLater()) {
    runs_later_ = true;
    return server_.read_ahead().Add(shared_from_this());
  }
  RunParsed();
  ReadOn();
}

bool Connection::MayRunLater() const {
  return parsed_ == ParseStatus::kNeedMore && !batch_.empty() &&
         batch_.size() < Dispatcher::kPrefetchFrom && server_.ready_sockets().in_turn() &&
         server_.read_ahead().enabled();
}

void Connection::RunRead() {
  runs_later_ = false;
  if (!closed_ && !client_.close_after_reply) {
    RunParsed();
    ReadOn();
  }
  GiveBackBuffer();
}

void Connection::SetWaiting(bool waits) {
  waits_ = waits;
  if (!closed_) server_.ready_sockets().SetReading(socket_.native_handle(), *this, !waits);
}

void Connection::Parse() {
  UpdateLimits();
  parsed_ = parser_.Parse(&batch_);
  next_ = 0;
}

void Connection::Process() {
  Parse();
  RunParsed();
}

void Connection::RunParsed() {
  if (!RunBatch()) {
    if (closed_) return;
    server_.WriteSoon(*this);
    if (waits_) KeepRestOfBatch();
    return;
  }
  switch (parsed_) {
    case ParseStatus::kNeedMore:
      return server_.WriteSoon(*this);
    case ParseStatus::kBatchFull:
      server_.WriteSoon(*this);
      return ContinueLater();
    case ParseStatus::kProtocolError:
      return ProtocolError();
    case ParseStatus::kBufferLimit:
      ++server_.engine().stats.query_buffer_limit_disconnections;
      return Shut();
  }
}

bool Connection::RunBatch() {
  const Running running(*this);
  Dispatcher& dispatcher = server_.dispatcher();
  const size_t first = next_;
  const SlotStats* slot_stats = server_.engine().slot_stats;
  const bool counts = slot_stats != nullptr && slot_stats->active();
  // A request's words are asked for last right before it runs.
  const Dispatcher::BatchResult done =
      dispatcher.ExecuteBatch(client_, batch_.size() - first, [&](size_t i) {
        if (counts) [[unlikely]]
          NoteInlineBytes(first + i);
        return batch_.args(first + i);
      });
  client_.inline_bytes = 0;
  next_ = first + done.executed;
  switch (done.result) {
    case Dispatcher::Result::kDone:
      return true;
    case Dispatcher::Result::kWaits:
      SetWaiting(true);
      return false;
    case Dispatcher::Result::kClose:
      Close(client_, /*after_replies=*/!client_.close_now);
      return false;
  }
  return false;
}

void Connection::NoteInlineBytes(size_t request) {
  client_.inline_bytes = batch_.is_inline(request) ? batch_.wire_bytes(request) : 0;
}

void Connection::KeepRestOfBatch() {
  for (; next_ < batch_.size(); ++next_) backlog_.emplace_back(batch_.args(next_));
}

void Connection::RunBacklog() {
  const Running running(*this);
  while (!backlog_.empty()) {
    const OwnedArgs request = std::move(backlog_.front());
    backlog_.pop_front();
    switch (server_.dispatcher().Execute(client_, request.view(), RequestOrigin::kClient)) {
      case Dispatcher::Result::kDone:
        continue;
      case Dispatcher::Result::kWaits:
        return SetWaiting(true);
      case Dispatcher::Result::kClose:
        return Close(client_, /*after_replies=*/!client_.close_now);
    }
  }
}

Dispatcher::Result Connection::RunParked() {
  const Running running(*this);
  return server_.dispatcher().ExecuteParked(client_);
}

void Connection::Resume(Client& client) {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    // What it was to go on from may be long over, and it waits for something else.
    if (self->closed_ || self->client_.close_now || !self->waits_) return;
    if (self->client_.blocked != 0) return;
    self->SetWaiting(false);
    self->server_.BeginTurn();
    switch (self->RunParked()) {
      case Dispatcher::Result::kDone:
        self->RunBacklog();
        break;
      case Dispatcher::Result::kWaits:
        self->SetWaiting(true);
        break;
      case Dispatcher::Result::kClose:
        self->Close(self->client_, /*after_replies=*/!self->client_.close_now);
        break;
    }
    if (self->closed_) return;
    self->server_.WriteSoon(*self);
    if (!self->waits_ && !self->client_.close_after_reply) self->Process();
    self->ReadOn();
  });
}

void Connection::ContinueLater() {
  continues_ = true;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->continues_ = false;
    if (!self->closed_ && !self->client_.close_now && !self->waits_ && !self->HoldsTooMuch()) {
      self->Process();
    }
    self->ReadOn();
  });
}

void Connection::HoldReplies() {
  if (running_) return;  // Half a reply may be there.
  const uint64_t end = client_.output.end_position();
  if (!client_.saw_data) [[likely]]
    return held_.Pass(end);
  client_.saw_data = false;
  Engine& engine = server_.engine();
  const uint64_t offset = engine.journal.data_offset();
  if (engine.gate == nullptr || !engine.gate->HoldsReply(offset)) return held_.Pass(end);
  if (held_.Add(end, offset, client_.has_unsent_write)) AwaitSafety();
}

void Connection::AwaitSafety() {
  if (awaits_safety_ || server_.engine().gate->IsSafe(held_.first().offset)) return;
  awaits_safety_ = true;
  server_.SendWhenSafe(shared_from_this(), held_.first().offset);
}

bool Connection::ReleaseReplies() {
  ClusterGate* gate = server_.engine().gate;
  while (!held_.empty() && gate->IsSafe(held_.first().offset)) {
    if (!gate->MayAcknowledge()) return false;
    if (held_.first().wrote && !gate->EnoughInSync()) return false;
    held_.PopFirst();
  }
  if (!held_.empty()) AwaitSafety();
  if (!held_back_ || HoldsTooMuch()) return true;
  held_back_ = false;
  if (!waits_) server_.ready_sockets().SetReading(socket_.native_handle(), *this, true);
  ContinueLater();
  return true;
}

bool Connection::HoldsTooMuch() {
  if (held_.empty() || client_.output.end_position() - held_.limit() <= kHeldBytesMax) return false;
  if (!held_back_) server_.ready_sockets().SetReading(socket_.native_handle(), *this, false);
  held_back_ = true;
  return true;
}

void Connection::ProtocolError() {
  ++server_.engine().stats.protocol_errors;
  client_.reply().Error(parser_.error_text());
  client_.reply().ClearErrors();
  Close(client_, /*after_replies=*/true);
}

void Connection::Flush(Client& client) { server_.DeferWrite(shared_from_this()); }

void Connection::Close(Client& client, bool after_replies) {
  if (closed_) return;
  client_.close_after_reply = true;
  if (!after_replies) client_.close_now = true;
  if (!waits_) server_.ready_sockets().SetReading(socket_.native_handle(), *this, false);
  server_.DeferWrite(shared_from_this());
}

void Connection::MeasureBuffers(Client& client) {
  client.query_buffer_bytes = parser_.unparsed_bytes();
  const size_t memory = parser_.memory_bytes() + batch_.owned_bytes();
  client.query_buffer_free_bytes = memory - std::min(memory, client.query_buffer_bytes);
  client.argument_bytes = 0;
  for (const OwnedArgs& waiting : backlog_) client.argument_bytes += waiting.memory_bytes();
}

void Connection::Write() {
  deferred_ = false;
  if (closed_) return;
  if (running_) return;  // It is written when its batch is done.
  Send();
  ClientLimit* limit = server_.engine().client_limit;
  if (!closed_ && limit != nullptr) limit->Update(client_);
}

void Connection::Send() {
  if (PastHardLimit()) {
    ++server_.engine().stats.output_buffer_limit_disconnections;
    return Shut();
  }
  if (client_.close_now) return Shut();
  if (writing_) {
    // Messages may pile up behind a client that does not read.
    (void)EnforceOutputLimit(server_.engine().now_ms);
    return;
  }
  if (client_.has_unsent_write) {
    client_.has_unsent_write = false;
    ClusterGate* gate = server_.engine().gate;
    if (gate != nullptr && !gate->MayAcknowledge()) return Shut();
    if (!server_.writes_are_kept()) return Shut();
  }
  if (!held_.empty() && !ReleaseReplies()) return Shut();
  if (SendAll()) {
    if (client_.close_after_reply && held_.empty()) Shut();
    return;
  }
  if (closed_) return;
  if (EnforceOutputLimit(server_.engine().now_ms)) return;
  writing_ = true;
  socket_.async_wait(StreamSocket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->writing_ = false;
                       if (error) return self->Shut();
                       self->Write();
                     });
}

bool Connection::SendAll() {
  OutputBuffer& output = client_.output;
  size_t fed = 0;
  while (true) {
    if (output.empty() && client_.feed != nullptr) {
      // There may be more, of a file too, which no other event would bring.
      if (fed >= kFedAtOnceMax) return false;
      client_.feed->Fill(output);
      fed += output.size();
    }
    if (output.empty()) return true;
    const uint64_t sent_before = output.end_position() - output.size();
    if (sent_before >= held_.limit()) return true;
    uint64_t may_leave = held_.limit() - sent_before;
    std::array<std::string_view, OutputBuffer::kPartsMax> parts;
    std::array<iovec, OutputBuffer::kPartsMax> pieces;
    const size_t parts_there = output.Peek(absl::MakeSpan(parts));
    size_t count = 0;
    size_t wanted = 0;
    for (; count < parts_there && may_leave > 0; ++count) {
      const size_t bytes = std::min<uint64_t>(parts[count].size(), may_leave);
      pieces[count] = {const_cast<char*>(parts[count].data()), bytes};
      wanted += bytes;
      may_leave -= bytes;
    }
    const ssize_t sent = SendPieces(socket_.native_handle(), pieces.data(), count);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) Shut();
      return false;
    }
    ServerStats& stats = server_.engine().stats;
    ++stats.writes;
    output.Consume(static_cast<size_t>(sent));
    client_.output_bytes += static_cast<uint64_t>(sent);
    (client_.is_replica ? stats.replica_output_bytes : stats.net_output_bytes) +=
        static_cast<uint64_t>(sent);
    if (static_cast<size_t>(sent) < wanted) return false;
  }
}

OutputClass Connection::output_class() const {
  if (client_.is_replica) return kOutputReplica;
  return client_.subscriptions == nullptr ? kOutputNormal : kOutputPubsub;
}

size_t Connection::LimitedBytes() const {
  const size_t fed = client_.feed == nullptr ? 0 : client_.feed->waiting_bytes();
  return client_.output.limited_bytes() + fed;
}

uint64_t Connection::HardLimit() const {
  const Config& config = server_.engine().config;
  const uint64_t hard = config.client_output_buffer_limit[output_class()].hard_bytes;
  if (hard == 0 || !client_.is_replica) return hard;
  return std::max(hard, config.repl_backlog_size);
}

bool Connection::PastHardLimit() const {
  if (client_.output.overflowed()) return true;
  const uint64_t hard = HardLimit();
  return hard != 0 && LimitedBytes() > hard;
}

bool Connection::EnforceOutputLimit(int64_t now_ms) {
  const OutputLimit& limit = server_.engine().config.client_output_buffer_limit[output_class()];
  const size_t used = LimitedBytes();
  bool over = PastHardLimit();
  if (limit.soft_bytes != 0 && used > limit.soft_bytes) {
    if (over_soft_limit_since_ms_ == 0) over_soft_limit_since_ms_ = now_ms;
    over = over || now_ms - over_soft_limit_since_ms_ > limit.soft_seconds * kMillisPerSecond;
  } else {
    over_soft_limit_since_ms_ = 0;
  }
  if (!over) return false;
  ++server_.engine().stats.output_buffer_limit_disconnections;
  Shut();
  return true;
}

void Connection::Tidy(bool query_idle, bool reply_idle) {
  const size_t memory = parser_.memory_bytes() + batch_.owned_bytes();
  const bool too_large =
      memory > kQueryBufferWorthALook && query_peak_ < memory / 2 && parser_.pending_bytes() == 0;
  if (query_idle || too_large) {
    if (next_ == batch_.size()) {
      batch_.Clear();
      next_ = 0;
    }
    parser_.ReleaseIdle();
  }
  query_peak_ = 0;
  if (reply_idle) client_.output.Release();
}

void Connection::Shut() {
  if (closed_) return;
  closed_ = true;
  server_.ready_sockets().Remove(socket_.native_handle(), *this);
  boost::system::error_code ignored;
  socket_.shutdown(StreamSocket::shutdown_both, ignored);
  socket_.close(ignored);
  server_.Forget(*this);
}

}  // namespace slotmesh::node
