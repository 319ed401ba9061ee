#include "node/net/peer_connections.h"

#include <algorithm>
#include <array>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "boost/asio/connect.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using boost::asio::ip::tcp;
using Error = boost::system::error_code;

class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(boost::asio::io_context& io, PeerConnection::Listener& listener)
      : resolver_(io), socket_(io), listener_(&listener) {}

  // From `source`, an address of this machine, unless it is empty.
  void Open(const std::string& host, uint16_t port, std::string source) {
    source_ = std::move(source);
    resolver_.async_resolve(
        host, StrCat(port),
        [self = shared_from_this()](const Error& error, const tcp::resolver::results_type& found) {
          if (error) return self->Closed();
          if (self->listener_ != nullptr) self->Connect(found);
        });
  }
  void Send(std::string bytes) {
    waiting_ += bytes;
    if (!writing_) Write();
  }
  void EndSending() {
    waiting_.clear();
    ended_ = true;
    Error ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  // Nothing is reported any more.
  void Drop() {
    listener_ = nullptr;
    resolver_.cancel();
    Error ignored;
    socket_.close(ignored);
  }

 private:
  void Connect(const tcp::resolver::results_type& found) {
    if (!source_.empty()) return ConnectFrom(found);
    boost::asio::async_connect(
        socket_, found, [self = shared_from_this()](const Error& error, const tcp::endpoint&) {
          self->Connected(error);
        });
  }

  // To the first address of the same family.
  void ConnectFrom(const tcp::resolver::results_type& found) {
    Error error;
    const auto address = boost::asio::ip::make_address(source_, error);
    const tcp::endpoint here(address, 0);
    const auto there = std::find_if(found.begin(), found.end(), [&](const auto& entry) {
      return entry.endpoint().protocol() == here.protocol();
    });
    if (error || there == found.end()) return Closed();
    socket_.open(here.protocol(), error);
    if (!error) socket_.bind(here, error);
    if (error) return Closed();
    socket_.async_connect(there->endpoint(), [self = shared_from_this()](const Error& failed) {
      self->Connected(failed);
    });
  }

  void Connected(const Error& error) {
    if (listener_ == nullptr) return;
    if (error) return Closed();
    Error ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    Read();
    listener_->OnConnected();
  }

  void Read() {
    socket_.async_read_some(boost::asio::buffer(input_),
                            [self = shared_from_this()](const Error& error, size_t bytes) {
                              if (self->listener_ == nullptr) return;
                              if (error) return self->Closed();
                              self->listener_->OnBytes({self->input_.data(), bytes});
                              if (self->listener_ != nullptr) self->Read();
                            });
  }

  void Write() {
    if (writing_at_ == output_.size()) {
      output_ = std::exchange(waiting_, std::string());
      writing_at_ = 0;
    }
    writing_ = !output_.empty();
    if (!writing_) return;
    socket_.async_write_some(
        boost::asio::buffer(output_.data() + writing_at_, output_.size() - writing_at_),
        [self = shared_from_this()](const Error& error, size_t bytes) {
          self->writing_ = false;
          // The reader hears of the end, behind what the target has still said.
          if (error || self->ended_ || self->listener_ == nullptr) return;
          self->writing_at_ += bytes;
          self->Write();
          self->listener_->OnSent(bytes);
        });
  }

  void Closed() {
    PeerConnection::Listener* const listener = std::exchange(listener_, nullptr);
    Drop();
    if (listener != nullptr) listener->OnClosed();
  }

  tcp::resolver resolver_;
  std::string source_;
  tcp::socket socket_;
  PeerConnection::Listener* listener_;  // Null once it is not to be told any more.
  std::array<char, 65536> input_;
  std::string output_;  // Being written, from writing_at_ on.
  size_t writing_at_ = 0;
  std::string waiting_;
  bool writing_ = false;
  bool ended_ = false;
};

class Handle : public PeerConnection {
 public:
  explicit Handle(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  ~Handle() override { link_->Drop(); }
  void Send(std::string bytes) override { link_->Send(std::move(bytes)); }
  void EndSending() override { link_->EndSending(); }

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<PeerConnection> PeerConnections::Connect(const std::string& host, uint16_t port,
                                                         PeerConnection::Listener& listener) {
  auto link = std::make_shared<Link>(io_, listener);
  link->Open(host, port, source_);
  return std::make_unique<Handle>(std::move(link));
}

}  // namespace slotmesh::node
