#include "node/cluster/net/control_driver.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/address.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "gossip/bus/grpc_transport.h"
#include "node/cluster/net/packet_filter.h"
#include "slots/ledger/log_disk.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using bus::Channel;
using bus::PeerEvent;

class Driver : public ControlDriver {
 public:
  Driver(const ControlOptions& options, const ControlEnvironment& env)
      : options_(options),
        env_(env),
        random_(env.seed),
        start_ns_(env.clock.MonotonicNanos()),
        start_(absl::FromUnixMicros(env.clock.WallMicros())),
        boot_(options.boot),
        timer_(io_),
        work_(boost::asio::make_work_guard(io_)) {}

  ~Driver() override {
    alive_->store(false);
    boost::asio::post(io_, [this] {
      CloseTransport();
      io_.stop();
    });
    if (thread_.joinable()) thread_.join();
    CloseTransport();
  }

  absl::Status Open();

  // ControlLink.
  const slots::NodeId& self() const override { return self_; }
  slots::BootId boot() const override { return boot_; }
  const slots::NodeInfo& own_info() const override { return own_info_; }
  std::shared_ptr<const ClusterPicture> picture() const override { return picture_; }
  const LeaseClock& lease() const override { return lease_; }
  void OnPicture(std::function<void()> changed) override { on_picture_ = std::move(changed); }
  void Propose(ledger::Change change, Done done) override;
  void ChangeLibraries(ledger::LibrariesChanged change, std::vector<LibraryText> texts,
                       Done done) override;
  void Announce(const slots::NodeInfo& info) override;
  absl::Status Meet(const std::string& ip, uint16_t port, uint16_t bus_port) override;
  void Reset(bool hard, Done done) override;
  void RecoverQuorum(Done done) override;
  void AcceptData() override;
  void GiveUpLease(bool given_up) override;
  bus::SendResult SendBulk(const slots::NodeId& to, std::string payload) override;
  void SetBulkHandlers(BulkHandlers handlers) override { bulk_ = std::move(handlers); }

  bus::SendResult SendPubSub(const slots::NodeId& to, std::string payload) override;
  void SetPubSubHandlers(PubSubHandlers handlers) override { pubsub_ = std::move(handlers); }

  // BusFaults.
  void DropPackets(int type) override { filter_.set_type(type); }
  void CloseLinksOnDrop(bool on) override { filter_.set_closes(on); }
  bool KillLinks(const slots::NodeId& node) override;

  void Report(const LocalState& local) override;
  void EngineTurned(absl::Duration again_within) override {
    engine_due_ns_.store(env_.clock.MonotonicNanos() + absl::ToInt64Nanoseconds(again_within));
  }
  bus::TransportStats bus_stats() const override {
    const std::lock_guard<std::mutex> lock(transport_mutex_);
    return transport_ == nullptr ? bus::TransportStats{} : transport_->stats();
  }
  slots::NodeId self_now() const override {
    const std::lock_guard<std::mutex> lock(transport_mutex_);
    return transport_self_;
  }
  uint64_t pubsub_overflows() const override { return pubsub_overflows_.load(); }

 private:
  absl::Time Now() const {
    return start_ + absl::Nanoseconds(env_.clock.MonotonicNanos() - start_ns_);
  }
  int64_t ToMonotonicNanos(absl::Time time) const {
    return start_ns_ + absl::ToInt64Nanoseconds(time - start_);
  }

  // Any thread.
  bus::SendResult SendNow(const slots::NodeId& to, Channel channel, bus::Frame frame);
  absl::Status OpenTransport();
  // Control thread.
  void CloseTransport();
  // Control thread.
  void Step(const ControlInput& input);
  void StepNode(const ControlInput& input);
  void Fail(const absl::Status& status);
  absl::Status BecomeNode(const slots::NodeId& self);
  void Perform(ControlOutput out);
  void Arm();
  void OnPeer(const PeerEvent& event);
  void OnFrame(const bus::Sender& sender, Channel channel, bus::Frame frame);
  void OnPubSubFrame(const bus::Sender& sender, std::string payload);
  void OnCall(std::string method, std::string payload, bus::CallReply reply);
  // Closes what is open to the node; it is dialed again.
  void Redial(const slots::NodeId& node);
  // To the engine thread, unless the driver is gone by then.
  void ToEngine(std::function<void()> task);

  ControlOptions options_;
  ControlEnvironment env_;
  std::mt19937_64 random_;
  int64_t start_ns_;
  absl::Time start_;
  std::atomic<int64_t> engine_due_ns_{INT64_MAX};
  slots::NodeId self_;
  slots::BootId boot_;
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);

  // Control thread.
  std::unique_ptr<ledger::LogDisk> disk_;
  std::unique_ptr<ledger::LogDisk> library_disk_;
  std::unique_ptr<ledger::FileStorage> storage_;
  std::unique_ptr<NodeFile> file_;
  std::unique_ptr<ControlNode> node_;
  // Replaced on the control thread alone, under the mutex for the others that use it.
  PacketFilter filter_;  // Set on the engine thread.
  mutable std::mutex transport_mutex_;
  std::shared_ptr<bus::Transport> transport_;
  slots::NodeId transport_self_;
  std::map<slots::NodeId, ControlOutput::Peer> peers_;  // As the transport was told.
  std::map<uint64_t, bus::CallReply> calls_;
  uint64_t next_call_ = 0;
  bool failed_ = false;
  bool engine_silent_ = false;
  uint64_t tenure_ = 0;

  LeaseClock lease_;
  std::atomic<size_t> pubsub_waiting_bytes_{0};
  std::atomic<uint64_t> pubsub_overflows_{0};

  // Engine thread.
  slots::NodeInfo own_info_;
  std::shared_ptr<const ClusterPicture> picture_ = std::make_shared<ClusterPicture>();
  std::function<void()> on_picture_;
  BulkHandlers bulk_;
  PubSubHandlers pubsub_;
  std::map<uint64_t, Done> proposals_;
  uint64_t next_proposal_ = 0;
};

absl::Status Driver::Open() {
  absl::StatusOr<std::unique_ptr<ledger::LogDisk>> disk = ledger::OpenLogDisk(env_.ledger_folder);
  if (!disk.ok()) return disk.status();
  disk_ = *std::move(disk);
  storage_ = std::make_unique<ledger::FileStorage>(*disk_);
  disk = ledger::OpenLogDisk(env_.library_folder);
  if (!disk.ok()) return disk.status();
  library_disk_ = *std::move(disk);
  absl::StatusOr<std::unique_ptr<NodeFile>> file = OpenNodeFile(env_.node_file);
  if (!file.ok()) return file.status();
  file_ = *std::move(file);
  ControlOutput out;
  absl::StatusOr<std::unique_ptr<ControlNode>> node =
      ControlNode::Open(options_, {*file_, *storage_, *library_disk_}, Now(), random_, &out);
  if (!node.ok()) return node.status();
  node_ = *std::move(node);
  self_ = node_->self();
  own_info_ = options_.info;
  own_info_.id = self_;
  if (out.picture != nullptr) picture_ = out.picture;
  const absl::Status opened = OpenTransport();
  if (!opened.ok()) return opened;
  boost::asio::post(io_, [this, out = std::make_shared<ControlOutput>(std::move(out))] {
    Perform(std::move(*out));
    Arm();
  });
  thread_ = std::thread([this] { io_.run(); });
  return absl::OkStatus();
}

absl::Status Driver::OpenTransport() {
  bus::GrpcTransportOptions options;
  options.self.node = node_->self();
  options.self.boot = boot_;
  options.self.log = node_->ledger().log();
  options.binds = env_.binds;
  options.post = [this](std::function<void()> task) { boost::asio::post(io_, std::move(task)); };
  options.now = [this] { return Now(); };
  options.random = env_.unpredictable;
  options.log = [this](const std::string& line) { env_.log.Warning(line); };
  options.services = env_.services;
  bus::Handlers handlers;
  handlers.on_frame = [this](const bus::Sender& sender, Channel channel, bus::Frame frame) {
    OnFrame(sender, channel, std::move(frame));
  };
  handlers.on_peer = [this](const PeerEvent& event) { OnPeer(event); };
  handlers.on_call = [this](const bus::Sender&, std::string method, std::string payload,
                            bus::CallReply reply) {
    OnCall(std::move(method), std::move(payload), std::move(reply));
  };
  absl::StatusOr<std::unique_ptr<bus::GrpcTransport>> transport =
      bus::MakeGrpcTransport(std::move(options), &env_.auth, std::move(handlers));
  if (!transport.ok()) return transport.status();
  const std::lock_guard<std::mutex> lock(transport_mutex_);
  transport_ = *std::move(transport);
  transport_self_ = node_->self();
  return absl::OkStatus();
}

void Driver::CloseTransport() {
  peers_.clear();
  std::shared_ptr<bus::Transport> closing;
  const std::lock_guard<std::mutex> lock(transport_mutex_);
  closing.swap(transport_);
}

void Driver::ToEngine(std::function<void()> task) {
  env_.post_to_engine([alive = alive_, task = std::move(task)] {
    if (alive->load()) task();
  });
}

void Driver::Step(const ControlInput& input) {
  const bool silent = env_.clock.MonotonicNanos() > engine_due_ns_.load();
  if (silent != engine_silent_) {
    engine_silent_ = silent;
    StepNode(EngineSilent{silent});
  }
  StepNode(input);
}

void Driver::StepNode(const ControlInput& input) {
  if (failed_) return;
  ControlOutput out;
  absl::Status status = node_->Step(Now(), input, &out);
  if (status.ok() && out.self.has_value()) status = BecomeNode(*out.self);
  if (!status.ok()) return Fail(status);
  Perform(std::move(out));
  Arm();
}

void Driver::Fail(const absl::Status& status) {
  failed_ = true;
  lease_.Set(tenure_, 0);
  ToEngine([this, status] { env_.on_fatal(status); });
}

// The bus says who this node is when it connects: it begins anew.
absl::Status Driver::BecomeNode(const slots::NodeId& self) {
  ToEngine([this, self] { own_info_.id = self_ = self; });
  CloseTransport();
  return OpenTransport();
}

void Driver::Arm() {
  const absl::Time next = node_->NextDeadline();
  const absl::Duration wait = std::max(absl::Milliseconds(1), next - Now());
  timer_.expires_after(absl::ToChronoMicroseconds(std::min(wait, absl::Seconds(1))));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Step(TimePassed{});
  });
}

void Driver::Perform(ControlOutput out) {
  for (const std::string& detail : out.details) env_.log.Verbose(detail);
  for (const std::string& note : out.notes) env_.log.Notice(note);
  if (out.log.has_value()) transport_->SetLog(*out.log);
  for (const ControlOutput::Peer& peer : out.peers) {
    transport_->SetPeer(peer.node, peer.address, peer.keep);
    peers_[peer.node] = peer;
  }
  for (const slots::NodeId& node : out.removed) {
    transport_->RemovePeer(node);
    peers_.erase(node);
  }
  for (ControlOutput::Send& send : out.sends) {
    transport_->Send(send.to, Channel::kControl, std::move(send.frame));
  }
  for (const ControlOutput::Ask& ask : out.asks) {
    transport_->Call(ask.address, ask.method, ask.payload, ControlNode::kAskTimeout,
                     [this, id = ask.ask](absl::StatusOr<std::string> answer) {
                       boost::asio::post(io_, [this, id, answer = std::move(answer)] {
                         Step(Answered{id, answer});
                       });
                     });
  }
  for (ControlOutput::Answer& answer : out.answers) {
    const auto found = calls_.find(answer.call);
    if (found == calls_.end()) continue;
    found->second(std::move(answer.answer));
    calls_.erase(found);
  }
  if (out.lease.has_value()) {
    const bool any = out.lease->until != absl::InfinitePast();
    tenure_ = out.lease->tenure;
    lease_.Set(tenure_, any ? ToMonotonicNanos(out.lease->until) : 0);
  }
  if (out.picture != nullptr) {
    ToEngine([this, picture = std::move(out.picture)] {
      picture_ = picture;
      if (on_picture_) on_picture_();
    });
  }
  for (const ControlOutput::Decided& decided : out.decided) {
    ToEngine([this, decided] {
      const auto found = proposals_.find(decided.ticket);
      if (found == proposals_.end()) return;
      const Done done = std::move(found->second);
      proposals_.erase(found);
      done(decided.status);
    });
  }
}

void Driver::OnPeer(const PeerEvent& event) {
  const bool up = event.what == PeerEvent::What::kConnected;
  const bool down = event.what == PeerEvent::What::kDisconnected;
  if (event.channel == Channel::kControl) {
    if (up || down) Step(LinkChanged{event.peer, up});
    return;
  }
  if (event.channel == Channel::kPubSub) {
    if (up || event.what == PeerEvent::What::kWritable) return;
    return ToEngine([this, peer = event.peer] {
      if (pubsub_.on_lost) pubsub_.on_lost(peer);
    });
  }
  if (event.what == PeerEvent::What::kWritable) {
    ToEngine([this, peer = event.peer] {
      if (bulk_.on_writable) bulk_.on_writable(peer);
    });
  } else if (!up) {
    ToEngine([this, peer = event.peer] {
      if (bulk_.on_lost) bulk_.on_lost(peer);
    });
  }
}

bool Driver::KillLinks(const slots::NodeId& node) {
  if (picture_->map->FindNode(node) == nullptr) return false;
  boost::asio::post(io_, [this, node] { Redial(node); });
  return true;
}

void Driver::Redial(const slots::NodeId& node) {
  const auto found = peers_.find(node);
  if (transport_ == nullptr || found == peers_.end()) return;
  transport_->RemovePeer(node);
  transport_->SetPeer(node, found->second.address, found->second.keep);
}

void Driver::OnFrame(const bus::Sender& sender, Channel channel, bus::Frame frame) {
  if (filter_.Drops(frame.kind)) [[unlikely]] {
    if (filter_.closes()) Redial(sender.node);
    return;
  }
  if (channel == Channel::kBulk) {
    return ToEngine([this, sender, payload = std::move(frame.payload)]() mutable {
      if (bulk_.on_frame) bulk_.on_frame(sender.node, sender.boot, std::move(payload));
    });
  }
  if (channel == Channel::kPubSub) return OnPubSubFrame(sender, std::move(frame.payload));
  if (frame.log.is_zero()) frame.log = sender.log;
  Step(FrameCame{sender, std::move(frame)});
}

void Driver::OnPubSubFrame(const bus::Sender& sender, std::string payload) {
  const size_t bytes = payload.size();
  if (pubsub_waiting_bytes_.fetch_add(bytes) + bytes > kPubSubWaitingBytesMax) {
    pubsub_waiting_bytes_.fetch_sub(bytes);
    ++pubsub_overflows_;
    // It may have been one about interest.
    return ToEngine([this, peer = sender.node] {
      if (pubsub_.on_lost) pubsub_.on_lost(peer);
    });
  }
  ToEngine([this, node = sender.node, boot = sender.boot, payload = std::move(payload)] {
    pubsub_waiting_bytes_.fetch_sub(payload.size());
    if (pubsub_.on_frame) pubsub_.on_frame(node, boot, payload);
  });
}

void Driver::OnCall(std::string method, std::string payload, bus::CallReply reply) {
  if (filter_.DropsQuestions()) [[unlikely]]
    return;
  const uint64_t call = ++next_call_;
  // Calls that nobody answered in time are dropped by their askers; here they leave in order.
  while (calls_.size() >= ControlNode::kOpenAsksMax) calls_.erase(calls_.begin());
  calls_.emplace(call, std::move(reply));
  Step(AskedBy{call, std::move(method), std::move(payload)});
}

void Driver::Propose(ledger::Change change, Done done) {
  const uint64_t ticket = ++next_proposal_;
  proposals_.emplace(ticket, std::move(done));
  boost::asio::post(io_, [this, ticket, change = std::move(change)] {
    Step(ProposeChange{ticket, change});
  });
}

void Driver::ChangeLibraries(ledger::LibrariesChanged change, std::vector<LibraryText> texts,
                             Done done) {
  const uint64_t ticket = ++next_proposal_;
  proposals_.emplace(ticket, std::move(done));
  boost::asio::post(io_, [this, ticket, change = std::move(change), texts = std::move(texts)] {
    Step(node::ChangeLibraries{ticket, change, texts});
  });
}

absl::Status Driver::Meet(const std::string& ip, uint16_t port, uint16_t bus_port) {
  (void)port;  // The bus port is all that is needed; the client port is the map's affair.
  boost::system::error_code error;
  const boost::asio::ip::address address = boost::asio::ip::make_address(ip, error);
  if (error) return absl::InvalidArgumentError("not an address");
  const std::string target =
      address.is_v6() ? StrCat("[", ip, "]:", bus_port) : StrCat(ip, ":", bus_port);
  boost::asio::post(io_, [this, target] { Step(MeetNode{target}); });
  return absl::OkStatus();
}

void Driver::Reset(bool hard, Done done) {
  const uint64_t ticket = ++next_proposal_;
  proposals_.emplace(ticket, std::move(done));
  boost::asio::post(io_, [this, ticket, hard] { Step(ResetNode{ticket, hard}); });
}

void Driver::Announce(const slots::NodeInfo& info) {
  own_info_ = info;
  own_info_.id = self_;
  boost::asio::post(io_, [this, info] { Step(AnnounceSelf{info}); });
}

void Driver::RecoverQuorum(Done done) {
  const uint64_t ticket = ++next_proposal_;
  proposals_.emplace(ticket, std::move(done));
  boost::asio::post(io_, [this, ticket] { Step(node::RecoverQuorum{ticket}); });
}

void Driver::GiveUpLease(bool given_up) {
  boost::asio::post(io_, [this, given_up] { Step(LeaseGivenUp{given_up}); });
}

void Driver::AcceptData() {
  boost::asio::post(io_, [this] { Step(DataAccepted{}); });
}

bus::SendResult Driver::SendBulk(const slots::NodeId& to, std::string payload) {
  bus::Frame frame;
  frame.kind = bus::FrameKind::kMigration;
  frame.payload = std::move(payload);
  return SendNow(to, Channel::kBulk, std::move(frame));
}

bus::SendResult Driver::SendPubSub(const slots::NodeId& to, std::string payload) {
  bus::Frame frame;
  frame.kind = bus::FrameKind::kPubSub;
  frame.payload = std::move(payload);
  return SendNow(to, Channel::kPubSub, std::move(frame));
}

bus::SendResult Driver::SendNow(const slots::NodeId& to, Channel channel, bus::Frame frame) {
  std::shared_ptr<bus::Transport> transport;
  {
    const std::lock_guard<std::mutex> lock(transport_mutex_);
    transport = transport_;
  }
  if (transport == nullptr) return bus::SendResult::kStopped;
  return transport->Send(to, channel, std::move(frame));
}

void Driver::Report(const LocalState& local) {
  boost::asio::post(io_, [this, local] { Step(local); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControlDriver>> ControlDriver::Start(const ControlOptions& options,
                                                                    const ControlEnvironment& env) {
  auto driver = std::make_unique<Driver>(options, env);
  const absl::Status status = driver->Open();
  if (!status.ok()) return status;
  return std::unique_ptr<ControlDriver>(std::move(driver));
}

}  // namespace slotmesh::node
