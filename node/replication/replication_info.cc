// INFO replication.
#include "node/replication/replication.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;

// Of a copy that is sent while it is made, tools expect to hear that it is being made.
std::string_view StateName(const Replica& replica) {
  switch (replica.state()) {
    case Replica::State::kOptions:
    case Replica::State::kWaiting:
    case Replica::State::kSaving:
      return "wait_bgsave";
    case Replica::State::kSending:
      return replica.file_is_whole() ? "send_bulk" : "wait_bgsave";
    case Replica::State::kOnline:
      return "online";
  }
  return "";
}

}  // namespace

void Replication::WriteLink(InfoText& text) const {
  const Config& config = env_.engine.config;
  const int64_t now = env_.engine.now_ms;
  text.Add("master_host", link_->host());
  text.Add("master_port", link_->port());
  text.Add("master_link_status", link_->connected() ? "up" : "down");
  text.Add("master_last_io_seconds_ago",
           link_->connected() ? (now - link_->last_input_ms()) / kMillisPerSecond : -1);
  const bool receiving = link_->state() == PrimaryLink::State::kReceiving ||
                         link_->state() == PrimaryLink::State::kLoading;
  text.Add("master_sync_in_progress", receiving);
  text.Add("slave_read_repl_offset", env_.engine.journal.offset() + link_->held_bytes());
  text.Add("slave_repl_offset", env_.engine.journal.offset());
  // Before the file is announced there is nothing to say of it.
  if (receiving && link_->receiver() != nullptr) {
    const FileReceiver& receiver = *link_->receiver();
    const uint64_t total = receiver.length();
    text.Add("master_sync_total_bytes", total);
    text.Add("master_sync_read_bytes", receiver.received());
    text.Add("master_sync_left_bytes", static_cast<int64_t>(total - receiver.received()));
    text.Add("master_sync_perc",
             total == 0
                 ? 0.0
                 : 100.0 * static_cast<double>(receiver.received()) / static_cast<double>(total),
             2);
    text.Add("master_sync_last_io_seconds_ago", (now - link_->last_input_ms()) / kMillisPerSecond);
  }
  if (!link_->connected()) {
    text.Add("master_link_down_since_seconds", (now - link_->down_since_ms()) / kMillisPerSecond);
  }
  text.Add("slave_priority", config.replica_priority);
  text.Add("slave_read_only", config.replica_read_only);
  text.Add("replica_announced", config.replica_announced);
}

void Replication::WriteReplicas(InfoText& text) const {
  text.Add("connected_slaves", replicas_.count());
  if (env_.engine.config.min_replicas_to_write > 0 && env_.engine.config.min_replicas_max_lag > 0) {
    text.Add("min_slaves_good_slaves", env_.engine.replication.good_replicas);
  }
  if (const int64_t copies = env_.in_sync_copies == nullptr ? 0 : env_.in_sync_copies();
      copies > 0) {
    text.Add("in_sync_copies", copies);
  }
  size_t number = 0;
  size_t waiting = 0;
  for (const Replica* replica : replicas_.List()) {
    const bool online = replica->state() == Replica::State::kOnline;
    if (!online) ++waiting;
    const int64_t lag =
        online ? (env_.engine.now_ms - replica->last_ack_ms()) / kMillisPerSecond : 0;
    text.Add(StrCat("slave", number++),
             StrCat("ip=", AddressOfReplica(*replica).host, ",port=", replica->options().port,
                    ",state=", StateName(*replica), ",offset=", replica->acknowledged(), ",lag=",
                    lag, ",type=", replica->options().only_file ? "rdb-channel" : "replica"));
  }
  text.Add("replicas_waiting_psync", waiting);
}

std::vector<ReplicaProgress> Replication::Progress() const {
  std::vector<ReplicaProgress> progress;
  for (const Replica* replica : replicas_.List()) {
    if (replica->options().old_style || replica->options().only_file) continue;
    const bool online = replica->state() == Replica::State::kOnline;
    progress.push_back(
        {.address = replica->client().address,
         .offset = replica->acknowledged(),
         .lag_s = online ? (env_.engine.now_ms - replica->last_ack_ms()) / kMillisPerSecond : 0,
         .state = StateName(*replica),
         .has_all = online && replica->acknowledged() >= env_.engine.journal.offset()});
  }
  return progress;
}

void Replication::WriteInfo(InfoText& text) const {
  const Backlog& backlog = replicas_.backlog();
  const History& history = replicas_.history();
  text.Add("role", link_ == nullptr ? "master" : "slave");
  if (link_ != nullptr) WriteLink(text);
  WriteReplicas(text);
  text.Add("master_failover_state", failover_.state_name());
  text.Add("master_replid", history.id);
  text.Add("master_replid2", history.earlier_id);
  text.Add("master_repl_offset", replicas_.streaming() ? env_.engine.journal.offset() : 0);
  text.Add("second_repl_offset",
           history.earlier_end == History::kNone ? -1 : history.earlier_end + 1);
  text.Add("discarded_tails", discarded_.times);
  text.Add("discarded_tail_bytes", discarded_.bytes);
  text.Add("discarded_tail_commands", discarded_.commands);
  text.Add("repl_backlog_active", replicas_.streaming());
  text.Add("repl_backlog_size", env_.engine.config.repl_backlog_size);
  text.Add("repl_backlog_first_byte_offset", replicas_.streaming() ? backlog.begin() + 1 : 0);
  text.Add("repl_backlog_histlen", backlog.size());
}

}  // namespace slotmesh::node
