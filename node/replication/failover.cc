#include "node/replication/failover.h"

#include <limits>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

}  // namespace

Failover::Target AddressOfReplica(const Replica& replica) {
  const std::string& address = replica.client().address;
  return {replica.options().address.empty() ? address.substr(0, address.rfind(':'))
                                            : replica.options().address,
          static_cast<uint16_t>(replica.options().port), replica.options().node};
}

std::string_view Failover::state_name() const {
  switch (state_) {
    case State::kNone:
      return "no-failover";
    case State::kWaitsForSync:
      return "waiting-for-sync";
    case State::kInProgress:
      return "failover-in-progress";
  }
  return "";
}

// A replica that has all; if one was named, that one.
Replica* Failover::FindTarget() const {
  for (Replica* replica : env_.replicas.List()) {
    const Target address = AddressOfReplica(*replica);
    if (request_.target.has_value() &&
        (address.host != request_.target->host || address.port != request_.target->port)) {
      continue;
    }
    const bool online = replica->state() == Replica::State::kOnline;
    // What was said to replicas since they were asked (GETACK itself) is nothing that could be
    // lost.
    if (online && replica->acknowledged() >= env_.engine.journal.data_offset() &&
        env_.may_take_over(address)) {
      return replica;
    }
  }
  return nullptr;
}

std::string Failover::Begin(const Request& request) {
  if (under_way()) return "ERR FAILOVER already in progress.";
  if (env_.engine.replication.is_replica) {
    return "ERR FAILOVER is not valid when server is a replica.";
  }
  if (env_.replicas.count() == 0) return "ERR FAILOVER requires connected replicas.";
  if (request.force && (!request.target.has_value() || request.timeout_ms == 0)) {
    return "ERR FAILOVER with force option requires both a timeout and target HOST and IP to be "
           "set.";
  }
  if (request.target.has_value()) {
    const Replica* found = nullptr;
    for (const Replica* replica : env_.replicas.List()) {
      const Target address = AddressOfReplica(*replica);
      if (address.host == request.target->host && address.port == request.target->port) {
        found = replica;
      }
    }
    if (found == nullptr) return "ERR FAILOVER target HOST and PORT is not a replica.";
    if (found->state() != Replica::State::kOnline) {
      return "ERR FAILOVER target replica is not online.";
    }
  }
  request_ = request;
  deadline_ms_ = request.timeout_ms == 0 ? 0 : env_.engine.now_ms + request.timeout_ms;
  state_ = State::kWaitsForSync;
  env_.engine.pause.Start(Pause::Purpose::kFailover, Pause::Kind::kWrite, kForever,
                          env_.engine.now_ms);
  env_.log.Notice("FAILOVER requested.");
  env_.on_begin();
  return {};
}

void Failover::End() {
  state_ = State::kNone;
  request_ = {};
  env_.engine.pause.Lift(Pause::Purpose::kFailover);
  env_.engine.parking.Release(
      [](const ParkingLot::Place& place) { return place.reason == ParkReason::kPause; });
}

void Failover::Abort(std::string_view why) {
  if (!under_way()) return;
  env_.log.Notice(StrCat("Failover aborted: ", why));
  const bool in_progress = state_ == State::kInProgress;
  End();
  if (in_progress) env_.lead();
}

void Failover::Hand(const Target& target) {
  env_.log.Notice(
      StrCat("Failover target ", target.host, ":", target.port, " is synced, failing over."));
  state_ = State::kInProgress;
  env_.follow(target);
}

void Failover::OnAnswer(bool taken_over) {
  if (state_ != State::kInProgress) return;
  if (!taken_over) return Abort("Failover target rejected psync request");
  env_.log.Notice("Failover complete: this node is a replica now.");
  End();
}

void Failover::Tick() {
  if (state_ != State::kWaitsForSync) return;
  if (const Replica* target = FindTarget(); target != nullptr && !env_.holds_replies()) {
    return Hand(AddressOfReplica(*target));
  }
  if (deadline_ms_ == 0 || env_.engine.now_ms < deadline_ms_) return;
  if (!request_.force) return Abort("Replica never caught up before timeout");
  env_.log.Notice("Replica failover: time out exceeded, failing over.");
  Hand(Target(*request_.target));
}

}  // namespace slotmesh::node
