// The replica's side of replication: the connection to the primary, from the first PING to the
// stream. A step machine over PeerConnection and Tick.
//
//   connecting -> handshake -> (asks) -> receiving -> loading -> connected
//                                   \---- goes on ---------------/
//
// Whatever goes wrong ends the connection; a second later it is tried again, and asks to go on from
// where the data is. Protocol: PSYNC as Redis 2.8 to 7 speak it, SYNC for what is older.
//
// Engine thread only. Borrows all it is given. Memory: StreamReader's; a full copy goes through a
// temporary file in the working directory.
#ifndef SLOTMESH_NODE_REPLICATION_PRIMARY_LINK_H_
#define SLOTMESH_NODE_REPLICATION_PRIMARY_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/command/client.h"
#include "node/command/client_table.h"
#include "node/command/dispatcher.h"
#include "node/command/peer_connection.h"
#include "node/replication/file_receiver.h"
#include "node/replication/stream_reader.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class PrimaryLink : private PeerConnection::Listener, private ClientHost {
 public:
  // Where this node's data is.
  struct Place {
    std::string history;
    uint64_t offset = 0;
  };
  // What the link does to the node. Engine thread; none destroys the link.
  class Owner {
   public:
    // Where to ask to go on from; nothing: a full copy is needed.
    virtual std::optional<Place> WhereToGoOn() const = 0;
    // The primary goes on from there, under this id (empty: the one that was asked for).
    virtual void GoOn(std::string_view history) = 0;
    // The primary's history has this node's up to that offset only: what is here beyond it is given
    // up for a full copy.
    virtual void OnDiverged(uint64_t offset) = 0;
    // A full copy has arrived in the file: all that was before is forgotten and the file loaded,
    // which takes until OnLoaded is called.
    virtual void BeginLoad(const std::string& path, const Place& place) = 0;
    virtual void Relay(std::string_view bytes) = 0;
    // Up to where the data is here: in memory, and on disk.
    virtual uint64_t offset() const = 0;
    virtual uint64_t synced_offset() const = 0;
    virtual void OnLinkChanged() = 0;
    // Whether the primary takes over, as it was asked to (AskToMakeWay).
    virtual void OnMakingWay(bool accepted) = 0;
    // Tick is to be called in so many milliseconds, which is before the timer would.
    virtual void WakeSoon(int64_t millis) = 0;
    virtual int port() const = 0;
    // Which of a cluster's processes this is, for REPLCONF process; empty outside of clusters.
    virtual std::string process() const = 0;

   protected:
    ~Owner() = default;
  };
  struct Environment {
    Engine& engine;
    Dispatcher& dispatcher;
    ClientTable& clients;
    PeerNetwork& network;
    Log& log;
    Owner& owner;
  };
  enum class State : uint8_t {
    kConnect = 0,  // Tries again soon.
    kConnecting = 1,
    kHandshake = 2,
    kReceiving = 3,
    kLoading = 4,
    kConnected = 5,
  };

  PrimaryLink(const Environment& environment, std::string host, uint16_t port);
  ~PrimaryLink() override;
  PrimaryLink(const PrimaryLink&) = delete;
  PrimaryLink& operator=(const PrimaryLink&) = delete;

  const std::string& host() const { return host_; }
  uint16_t port() const { return port_; }
  State state() const { return state_; }
  bool connected() const { return state_ == State::kConnected; }
  // Of the stream, come and not carried out: a pause, a transaction or command cut in two.
  size_t held_bytes() const { return reader_.pending_bytes(); }
  // While receiving; null otherwise.
  const FileReceiver* receiver() const { return receiver_.get(); }
  int64_t last_input_ms() const { return last_input_ms_; }
  // Since when there is no stream; meaningful while not connected.
  int64_t down_since_ms() const { return down_since_ms_; }
  // The database that the stream is in.
  int database() const { return client_.database; }
  void set_database(int database) { client_.database = database; }
  // FAILOVER: the primary is asked to make way at the next PSYNC.
  void AskToMakeWay() { makes_way_ = true; }

  // The database that the stream is in; or why the file could not be loaded.
  void OnLoaded(const absl::StatusOr<int>& database);

  // From a timer.
  void Tick();
  void SendAck();
  // CLUSTER FAILOVER: the primary is to let this node take over. REQUIRES: connected.
  void SendMakeWay() { SendCommand({"REPLCONF", "make-way", "1"}); }
  // Ends the connection; it is tried again.
  void Drop(std::string_view why);

 private:
  // The replies that are due in the handshake, in this order.
  enum class Step : uint8_t { kPing, kAuth, kOption, kSync, kFile };

  // PeerConnection::Listener.
  void OnConnected() override;
  void OnBytes(std::string_view bytes) override;
  void OnSent(size_t) override {}
  void OnClosed() override;
  // ClientHost, for CLIENT KILL.
  void Resume(Client&) override {}
  void Flush(Client&) override {}
  void Close(Client&, bool) override;

  void Connect();
  void SendCommand(std::initializer_list<std::string_view> words);
  void SendHandshake();
  void SendSync();
  // A line of the handshake. False if the connection has ended.
  bool OnLine(std::string_view line);
  bool OnSyncReply(std::string_view line);
  bool OnAnnouncement(std::string_view line);
  // How many of the bytes it took. Nothing if the connection has ended.
  std::optional<size_t> Receive(std::string_view bytes);
  // False if the connection has ended.
  bool BeginLoad();
  void GoOnline();
  void KeepAlive();
  size_t EarlyBytesMax() const;
  void Read(std::string_view bytes);

  const Environment env_;
  const std::string host_;
  const uint16_t port_;
  const std::string path_;
  Client client_;
  StreamReader reader_;
  State state_ = State::kConnect;
  std::unique_ptr<PeerConnection> connection_;
  Step step_ = Step::kPing;
  int options_due_ = 0;  // Replies to REPLCONF.
  std::string line_;     // What has arrived of a handshake's line.
  std::string early_;    // Of the stream, while the file is loaded. At most EarlyBytesMax().
  Place copy_;           // Of the full copy that is under way.
  bool old_style_ = false;
  bool makes_way_ = false;  // At the next PSYNC.
  bool made_way_ = false;   // At the last one, whose answer is to come.
  bool reading_ = false;
  bool close_ = false;  // Once the bytes that are being read are done.
  std::unique_ptr<FileReceiver> receiver_;
  int64_t last_input_ms_ = 0;
  int64_t down_since_ms_ = 0;
  int64_t next_try_ms_ = 0;
  int soon_tries_ = 0;  // One after the other, of a primary that is none yet.
  int64_t next_ack_ms_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_PRIMARY_LINK_H_
