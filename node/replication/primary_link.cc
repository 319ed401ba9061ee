#include "node/replication/primary_link.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "node/command/server_observer.h"
#include "node/persist/rdb_save.h"
#include "node/replication/history.h"
#include "node/resp/numbers.h"
#include "node/resp/request_text.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kRetryMillis = 1000;
// In a cluster: who is to be the primary has not heard of it yet.
constexpr int64_t kSoonMillis = 20;
constexpr int kSoonTriesMax = 50;
constexpr size_t kLineMax = 1024;

}  // namespace

PrimaryLink::PrimaryLink(const Environment& environment, std::string host, uint16_t port)
    : env_(environment),
      host_(std::move(host)),
      port_(port),
      path_(StrCat("temp-", env_.engine.now_ms, ".", getpid(), ".", env_.owner.port(), ".rdb")),
      client_(environment.clients.NextId(), this),
      reader_(environment.engine, environment.dispatcher, client_,
              {.on_applied = [this](std::string_view bytes) { env_.owner.Relay(bytes); },
               .on_get_ack = [this] { SendAck(); },
               .on_error =
                   [this](std::string_view command, std::string_view error) {
                     env_.log.Warning(
                         StrCat("== CRITICAL == This replica is sending an error to "
                                "its primary: '",
                                error, "' after processing the command '", command, "'"));
                   }}),
      down_since_ms_(env_.engine.now_ms) {
  client_.is_primary = true;
  client_.address = StrCat(host_, ":", port_);
  client_.created_ms = env_.engine.now_ms;
  env_.clients.Add(client_);
  Connect();
}

PrimaryLink::~PrimaryLink() { env_.clients.Remove(client_); }

void PrimaryLink::SendCommand(std::initializer_list<std::string_view> words) {
  std::string request;
  AppendRequest(request, Args(words.begin(), words.size()));
  connection_->Send(request);
}

void PrimaryLink::Connect() {
  state_ = State::kConnecting;
  last_input_ms_ = env_.engine.now_ms;
  line_.clear();
  env_.log.Notice(StrCat("Connecting to PRIMARY ", host_, ":", port_));
  connection_ = env_.network.Connect(host_, port_, *this);
}

void PrimaryLink::Drop(std::string_view why) {
  if (!why.empty()) env_.log.Warning(StrCat("Connection with primary: ", why));
  const bool was_connected = connected();
  connection_.reset();
  receiver_.reset();
  reader_.Reset();
  early_.clear();
  close_ = false;
  state_ = State::kConnect;
  // A stream that breaks off is likely to be there again at once.
  next_try_ms_ = env_.engine.now_ms + (was_connected ? 0 : kRetryMillis);
  if (!was_connected) return;
  down_since_ms_ = env_.engine.now_ms;
  env_.owner.OnLinkChanged();
  Tell(env_.engine, &ServerObserver::OnPrimaryLink, false);
}

void PrimaryLink::OnConnected() {
  env_.dispatcher.BeginTurn();
  env_.log.Notice("PRIMARY <-> REPLICA sync started");
  state_ = State::kHandshake;
  step_ = Step::kPing;
  last_input_ms_ = env_.engine.now_ms;
  SendCommand({"PING"});
}

void PrimaryLink::OnClosed() {
  env_.dispatcher.BeginTurn();
  Drop(state_ == State::kConnecting ? StrCat("cannot reach ", host_, ":", port_)
                                    : std::string("lost"));
}

void PrimaryLink::SendHandshake() {
  const Config& config = env_.engine.config;
  const int64_t port =
      config.replica_announce_port != 0 ? config.replica_announce_port : env_.owner.port();
  step_ = config.primaryauth.empty() ? Step::kOption : Step::kAuth;
  if (!config.primaryauth.empty()) {
    if (config.primaryuser.empty()) {
      SendCommand({"AUTH", config.primaryauth});
    } else {
      SendCommand({"AUTH", config.primaryuser, config.primaryauth});
    }
  }
  SendCommand({"REPLCONF", "listening-port", StrCat(port)});
  SendCommand({"REPLCONF", "capa", "eof", "capa", "psync2"});
  SendCommand({"REPLCONF", "version", kRdbWriter});
  options_due_ = 3;
  if (!config.replica_announce_ip.empty()) {
    SendCommand({"REPLCONF", "ip-address", config.replica_announce_ip});
    ++options_due_;
  }
  const std::string process = env_.owner.process();
  if (!process.empty()) {
    SendCommand({"REPLCONF", "process", process});
    ++options_due_;
  }
}

void PrimaryLink::SendSync() {
  step_ = Step::kSync;
  const std::optional<Place> place = env_.owner.WhereToGoOn();
  const std::string history = place.has_value() ? place->history : "?";
  const std::string next = place.has_value() ? StrCat(place->offset + 1) : "-1";
  env_.log.Notice(
      place.has_value()
          ? StrCat("Trying a partial resynchronization (request ", history, ":", next, ").")
          : std::string("Full resync needed: there is no data to go on from"));
  made_way_ = std::exchange(makes_way_, false);
  if (made_way_) return SendCommand({"PSYNC", history, next, "FAILOVER"});
  SendCommand({"PSYNC", history, next});
}

bool PrimaryLink::OnLine(std::string_view line) {
  const bool error = line.starts_with('-');
  switch (step_) {
    case Step::kPing:
      // Those who want a password say so here.
      if (error && !line.starts_with("-NOAUTH") && !line.starts_with("-NOPERM") &&
          !line.starts_with("-ERR operation not permitted")) {
        Drop(StrCat("error reply to PING: '", line, "'"));
        return false;
      }
      SendHandshake();
      return true;
    case Step::kAuth:
      if (error) {
        Drop(StrCat("Unable to AUTH to PRIMARY: ", line));
        return false;
      }
      step_ = Step::kOption;
      return true;
    case Step::kOption:
      if (error) env_.log.Verbose(StrCat("The primary does not understand REPLCONF: ", line));
      if (--options_due_ == 0) SendSync();
      return true;
    case Step::kSync:
      return OnSyncReply(line);
    case Step::kFile:
      return OnAnnouncement(line);
  }
  return false;
}

bool PrimaryLink::OnSyncReply(std::string_view line) {
  const std::vector<std::string> words = absl::StrSplit(ToAbsl(line), ' ');
  if (std::exchange(made_way_, false)) env_.owner.OnMakingWay(words[0] == "+CONTINUE");
  if (words[0] == "+CONTINUE" || words[0] == "+FULLRESYNC") soon_tries_ = 0;
  if (words[0] == "+CONTINUE") {
    env_.log.Notice("Successful partial resynchronization with primary.");
    env_.owner.GoOn(words.size() > 1 ? words[1] : "");
    GoOnline();
    return true;
  }
  // A slotmesh primary says behind it up to where the histories are the same, if it knows.
  if (words[0] == "+FULLRESYNC" && (words.size() == 3 || words.size() == 4)) {
    const std::optional<int64_t> offset = ParseInt64(words[2]);
    const std::optional<int64_t> same = words.size() == 4 ? ParseInt64(words[3]) : std::nullopt;
    if (words[1].size() == History::kIdDigits && offset.has_value() && *offset >= 0) {
      copy_ = {words[1], static_cast<uint64_t>(*offset)};
      env_.log.Notice(StrCat("Full resync from primary: ", words[1], ":", *offset));
      if (same.has_value() && *same >= 0) env_.owner.OnDiverged(static_cast<uint64_t>(*same));
      step_ = Step::kFile;
      state_ = State::kReceiving;
      old_style_ = false;
      return true;
    }
  }
  if (line.starts_with("-ERR unknown command")) {
    env_.log.Notice("The primary does not know PSYNC, trying SYNC");
    copy_ = {History::NoId(), 0};
    step_ = Step::kFile;
    old_style_ = true;
    SendCommand({"SYNC"});
    return true;
  }
  Drop(StrCat("unexpected reply to PSYNC: ", line));
  const bool soon = env_.engine.gate != nullptr && line.starts_with("-NOMASTERLINK");
  if (soon && soon_tries_++ < kSoonTriesMax) {
    next_try_ms_ = env_.engine.now_ms + kSoonMillis;
    env_.owner.WakeSoon(kSoonMillis);
  }
  return false;
}

bool PrimaryLink::OnAnnouncement(std::string_view line) {
  if (line.starts_with('-')) {
    Drop(StrCat("the primary gives no copy: ", line));
    return false;
  }
  absl::StatusOr<std::unique_ptr<FileReceiver>> receiver = FileReceiver::Create(path_, line);
  if (!receiver.ok()) {
    Drop(ToStd(receiver.status().message()));
    return false;
  }
  receiver_ = *std::move(receiver);
  state_ = State::kReceiving;
  env_.log.Notice(
      StrCat("PRIMARY <-> REPLICA sync: receiving ",
             receiver_->length() == 0 ? "streamed RDB" : StrCat(receiver_->length(), " bytes"),
             " from primary"));
  return !receiver_->complete() || BeginLoad();
}

std::optional<size_t> PrimaryLink::Receive(std::string_view bytes) {
  const absl::StatusOr<size_t> taken = receiver_->Take(bytes);
  if (!taken.ok()) {
    Drop(ToStd(taken.status().message()));
    return std::nullopt;
  }
  if (receiver_->complete() && !BeginLoad()) return std::nullopt;
  return *taken;
}

bool PrimaryLink::BeginLoad() {
  const absl::Status status = receiver_->Finish();
  receiver_.reset();
  if (!status.ok()) {
    Drop(ToStd(status.message()));
    return false;
  }
  state_ = State::kLoading;
  env_.log.Notice("PRIMARY <-> REPLICA sync: Loading DB in memory");
  env_.owner.BeginLoad(path_, copy_);
  return true;
}

void PrimaryLink::OnLoaded(const absl::StatusOr<int>& database) {
  unlink(path_.c_str());
  if (!database.ok()) {
    return Drop(StrCat("Failed trying to load the PRIMARY synchronization DB from disk: ",
                       ToStd(database.status().message())));
  }
  // The connection may have ended meanwhile; the copy is good all the same.
  client_.database = *database;
  if (state_ != State::kLoading) return;
  env_.log.Notice("PRIMARY <-> REPLICA sync: Finished with success");
  GoOnline();
  const std::string early = std::exchange(early_, {});
  if (!early.empty()) Read(early);
}

void PrimaryLink::GoOnline() {
  state_ = State::kConnected;
  env_.owner.OnLinkChanged();
  Tell(env_.engine, &ServerObserver::OnPrimaryLink, true);
  // What puts this replica online there.
  SendAck();
}

void PrimaryLink::SendAck() {
  if (!connected() || old_style_) return;
  next_ack_ms_ = env_.engine.now_ms + kMillisPerSecond;
  const std::string offset = StrCat(env_.owner.offset());
  if (env_.engine.config.appendonly) {
    SendCommand({"REPLCONF", "ACK", offset, "FACK", StrCat(env_.owner.synced_offset())});
  } else {
    SendCommand({"REPLCONF", "ACK", offset});
  }
}

// As much as a primary would keep for a replica.
size_t PrimaryLink::EarlyBytesMax() const {
  const Config& config = env_.engine.config;
  const uint64_t hard = config.client_output_buffer_limit[kOutputReplica].hard_bytes;
  return hard == 0 ? std::numeric_limits<size_t>::max()
                   : std::max<uint64_t>(hard, config.repl_backlog_size);
}

void PrimaryLink::OnBytes(std::string_view bytes) {
  env_.dispatcher.BeginTurn();
  last_input_ms_ = env_.engine.now_ms;
  client_.last_interaction_ms = env_.engine.now_ms;
  client_.input_bytes += bytes.size();
  env_.engine.stats.primary_input_bytes += bytes.size();
  while (!bytes.empty()) {
    if (state_ == State::kConnected) return Read(bytes);
    if (state_ == State::kLoading) {
      // After the load the rest is asked for, from where the copy ends.
      if (bytes.size() > EarlyBytesMax() - early_.size()) {
        return Drop("the stream grew past the limit of a replica's output buffer while loading");
      }
      early_ += bytes;
      return;
    }
    if (receiver_ != nullptr) {
      const std::optional<size_t> taken = Receive(bytes);
      if (!taken.has_value()) return;
      bytes.remove_prefix(*taken);
      continue;
    }
    const size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kLineMax) return Drop("a line of the handshake is too long");
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    std::string line = std::exchange(line_, {});
    if (line.ends_with('\r')) line.pop_back();
    // Empty lines keep the connection alive.
    if (!line.empty() && !OnLine(line)) return;
  }
}

void PrimaryLink::Read(std::string_view bytes) {
  reading_ = true;
  const absl::Status status = reader_.Read(bytes);
  reading_ = false;
  if (!status.ok()) return Drop(ToStd(status.message()));
  if (close_) Drop("closed by CLIENT KILL");
}

void PrimaryLink::Close(Client&, bool) {
  close_ = true;
  if (connected() && !reading_) Drop("closed by CLIENT KILL");
}

// The primary hears nothing else of a replica that loads.
void PrimaryLink::KeepAlive() {
  last_input_ms_ = env_.engine.now_ms;
  if (connection_ == nullptr || env_.engine.now_ms < next_ack_ms_) return;
  next_ack_ms_ = env_.engine.now_ms + kMillisPerSecond;
  connection_->Send("\n");
}

void PrimaryLink::Tick() {
  const int64_t now = env_.engine.now_ms;
  if (env_.engine.loading.active) return KeepAlive();
  if (close_) Drop("closed by CLIENT KILL");
  if (state_ == State::kConnect) {
    if (now >= next_try_ms_) Connect();
    return;
  }
  if (now - last_input_ms_ > env_.engine.config.repl_timeout * kMillisPerSecond) {
    return Drop(connected() ? "PRIMARY timeout: no data nor PING received..."
                            : "Timeout connecting to the PRIMARY...");
  }
  if (now >= next_ack_ms_) SendAck();
  // A pause may have ended with nothing to come.
  if (connected() && reader_.pending_bytes() != 0) Read({});
}

}  // namespace slotmesh::node
