#include "node/app/cluster_admin.h"

#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <random>
#include <thread>
#include <utility>

#include "boost/asio/post.hpp"
#include "functions/flags.h"
#include "node/app/version.h"
#include "node/cluster/cluster_failover.h"
#include "node/stats/memory.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using admin::MoveStage;
using admin::MoveState;

constexpr absl::Duration kAnswerMax = absl::Seconds(10);
constexpr absl::Duration kPoll = absl::Milliseconds(20);

admin::NodeHealth HealthOf(const ClusterState& state, const slots::NodeId& node) {
  const PeerHealth* peer = state.FindPeer(node);
  if (peer == nullptr) return admin::NodeHealth::kOnline;
  switch (peer->state) {
    case gossip::State::kAlive:
      return admin::NodeHealth::kOnline;
    case gossip::State::kSuspect:
      return admin::NodeHealth::kSuspected;
    case gossip::State::kDead:
      return admin::NodeHealth::kFailed;
  }
  return admin::NodeHealth::kOnline;
}

// The IPv4 or IPv6 address of a host name.
absl::StatusOr<std::string> Resolve(const std::string& host) {
  addrinfo* found = nullptr;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(
        StrCat("cannot resolve ", host, ": ", std::string(gai_strerror(error))));
  }
  char text[NI_MAXHOST] = "";
  getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
  freeaddrinfo(found);
  return std::string(text);
}

class Admin : public ClusterAdmin {
 public:
  explicit Admin(const Environment& env) : env_(env), random_(env.seed) {}

  void SetFamily(const ClusterFamily* family) override {
    family_ = family;
    state_ = family->state;
  }
  void SetOffset(uint64_t offset) override { offset_ = offset; }
  void SetLibraries(const functions::Functions* functions,
                    functions::ClusterLibraries* shared) override {
    functions_ = functions;
    shared_libraries_ = shared;
  }
  void SetModules(const modules::Modules& modules) override { modules_ = &modules; }
  admin::ClusterView Look(ClusterState& state) const override;

  absl::StatusOr<admin::ClusterView> View() override;
  absl::Status Meet(const std::string& host, uint16_t port, uint16_t bus_port,
                    absl::Duration timeout) override;
  absl::Status Forget(const slots::NodeId& node, absl::Duration timeout) override;
  absl::Status AssignSlots(
      const std::vector<std::pair<slots::ShardId, slots::SlotSet>>& assignments,
      absl::Duration timeout) override;
  absl::Status AssignReplica(const slots::NodeId& node, const slots::ShardId& shard,
                             absl::Duration timeout) override;
  absl::StatusOr<std::string> StartMove(const slots::ShardId& from, const slots::ShardId& to,
                                        const slots::SlotSet& slots,
                                        absl::Duration timeout) override;
  absl::StatusOr<MoveState> FindMove(const std::string& id) override;
  absl::Status CancelMove(const std::string& id, absl::Duration timeout) override;
  absl::Status Failover(bool force, bool accept_data_loss, absl::Duration timeout) override;
  absl::Status RecoverQuorum(absl::Duration timeout) override;
  absl::Status Restart() override;
  absl::Status AcceptEmpty() override;
  absl::StatusOr<admin::LibrariesState> Libraries() override;
  absl::StatusOr<std::string> LoadLibrary(const std::string& text, bool replace,
                                          absl::Duration timeout) override;
  absl::Status DeleteLibrary(const std::string& name, absl::Duration timeout) override;
  absl::StatusOr<std::vector<admin::ModuleState>> Modules() override;
  std::vector<admin::LogEntry> Logs(uint64_t after, size_t limit) override;

 private:
  // Runs `ask` on the engine thread and waits for what it gives. The promise outlives a wait that
  // was given up.
  template <typename T>
  absl::StatusOr<T> OnEngine(std::function<T(ClusterState&)> ask);
  // Begins on the engine thread what is decided later, and waits for that.
  using Begin = std::function<void(ClusterState&, ControlLink::Done)>;
  absl::Status AwaitDecision(Begin begin, absl::Duration timeout);
  absl::Status Propose(std::function<absl::StatusOr<ledger::Change>(ClusterState&)> make,
                       absl::Duration timeout);
  // Begins a change on the engine thread and waits until it is decided.
  using Decide =
      std::function<void(functions::ClusterLibraries&, functions::LibraryAuthority::Done)>;
  absl::Status ChangeLibraries(Decide decide, absl::Duration timeout);
  admin::LibrariesState LibrariesOf(const ClusterState& state) const;

  Environment env_;
  // Engine thread, all of these.
  const ClusterFamily* family_ = nullptr;
  ClusterState* state_ = nullptr;
  uint64_t offset_ = 0;
  const functions::Functions* functions_ = nullptr;
  functions::ClusterLibraries* shared_libraries_ = nullptr;
  const modules::Modules* modules_ = nullptr;
  std::mt19937_64 random_;  // Engine thread.
};

template <typename T>
absl::StatusOr<T> Admin::OnEngine(std::function<T(ClusterState&)> ask) {
  auto answer = std::make_shared<std::promise<absl::StatusOr<T>>>();
  std::future<absl::StatusOr<T>> future = answer->get_future();
  boost::asio::post(env_.io, [this, answer, ask = std::move(ask)] {
    if (state_ == nullptr) {
      answer->set_value(absl::UnavailableError("the node is still starting"));
    } else {
      answer->set_value(ask(*state_));
    }
  });
  if (future.wait_for(absl::ToChronoMilliseconds(kAnswerMax)) != std::future_status::ready) {
    return absl::DeadlineExceededError("the node's engine is busy and did not answer in time");
  }
  return future.get();
}

absl::Status Admin::AwaitDecision(Begin begin, absl::Duration timeout) {
  auto answer = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> decision = answer->get_future();
  boost::asio::post(env_.io, [this, answer, begin = std::move(begin)] {
    if (state_ == nullptr) {
      return answer->set_value(absl::UnavailableError("the node is still starting"));
    }
    begin(*state_, [answer](const absl::Status& status) { answer->set_value(status); });
  });
  if (decision.wait_for(absl::ToChronoMilliseconds(timeout)) == std::future_status::ready) {
    return decision.get();
  }
  return absl::DeadlineExceededError(
      "the cluster did not decide in time: is a majority of the voters up? It may still happen");
}

absl::Status Admin::Propose(std::function<absl::StatusOr<ledger::Change>(ClusterState&)> make,
                            absl::Duration timeout) {
  return AwaitDecision(
      [make = std::move(make)](ClusterState& state, ControlLink::Done done) {
        absl::StatusOr<ledger::Change> change = make(state);
        if (!change.ok()) return done(change.status());
        state.link().Propose(*std::move(change), std::move(done));
      },
      timeout);
}

absl::StatusOr<admin::ClusterView> Admin::View() {
  return OnEngine<admin::ClusterView>([this](ClusterState& state) { return Look(state); });
}

admin::ClusterView Admin::Look(ClusterState& state) const {
  const ClusterPicture& picture = state.picture();
  admin::ClusterView view;
  view.myself = state.self_id();
  view.map = picture.map;
  view.ok = state.ok();
  view.reason = state.down_reason();
  for (const slots::NodeInfo& node : picture.map->data().nodes) {
    admin::NodeState& out = view.nodes.emplace_back();
    out.id = node.id;
    out.boot = picture.decided->BootOf(node.id);
    out.health = HealthOf(state, node.id);
    out.map_sequence = picture.map->version().sequence;
    if (const PeerHealth* peer = state.FindPeer(node.id)) {
      const int64_t wall_ms = env_.engine.clock.WallMicros() / 1000;
      out.heard_ago = absl::Milliseconds(std::max<int64_t>(0, wall_ms - peer->pong_received_ms));
      out.replication_offset = peer->replication_offset;
    }
    if (node.id != view.myself) continue;
    out.measured = true;
    out.replication_offset = offset_;
    out.version = std::string(kVersion);
    out.keys = env_.engine.keyspace.size();
    out.memory_bytes = env_.engine.used_memory_bytes;
    out.clients = env_.clients.size();
    out.commands_per_second = env_.engine.stats.command_rate.per_second();
  }
  for (const ledger::MovePlan& plan : picture.decided->moves) {
    MoveState& move = view.moves.emplace_back();
    move.id = plan.plan.ToHex();
    move.from = plan.source.shard;
    move.to = plan.target.shard;
    move.slots = plan.slots;
    move.stage = MoveStage::kCopying;
  }
  view.ledger = {picture.leader, picture.ledger_term, picture.ledger_index};
  return view;
}

absl::Status Admin::Meet(const std::string& host, uint16_t port, uint16_t bus_port,
                         absl::Duration timeout) {
  const absl::StatusOr<std::string> ip = Resolve(host);
  if (!ip.ok()) return ip.status();
  Clock& clock = env_.engine.clock;  // Any thread may read it.
  const int64_t deadline_ns = clock.MonotonicNanos() + absl::ToInt64Nanoseconds(timeout);
  absl::StatusOr<absl::Status> asked = OnEngine<absl::Status>(
      [&](ClusterState& state) { return state.link().Meet(*ip, port, bus_port); });
  if (!asked.ok()) return asked.status();
  if (!asked->ok()) return *asked;
  while (clock.MonotonicNanos() < deadline_ns) {
    const absl::StatusOr<bool> joined = OnEngine<bool>([&](ClusterState& state) {
      const auto& nodes = state.map().data().nodes;
      return nodes.size() > 1 && std::any_of(nodes.begin(), nodes.end(), [&](const auto& node) {
               return node.ip == *ip && node.bus_port == bus_port;
             });
    });
    if (!joined.ok()) return joined.status();
    if (*joined) return absl::OkStatus();
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(kPoll));
  }
  return absl::DeadlineExceededError(
      StrCat("the node at ", host, ":", port,
             " did not join in time: is it up, in cluster mode, and with the same secret?"));
}

absl::Status Admin::Forget(const slots::NodeId& node, absl::Duration timeout) {
  return Propose(
      [node](ClusterState& state) -> absl::StatusOr<ledger::Change> {
        const slots::BootId boot = state.picture().decided->BootOf(node);
        if (boot == 0) return absl::NotFoundError(StrCat("no member has the id ", node.ToHex()));
        return ledger::MemberLeft{{node, boot}, /*forget=*/true};
      },
      timeout);
}

absl::Status Admin::AssignSlots(
    const std::vector<std::pair<slots::ShardId, slots::SlotSet>>& assignments,
    absl::Duration timeout) {
  for (const auto& [shard, slots] : assignments) {
    if (slots.empty()) continue;
    const absl::Status status = Propose(
        [&shard = shard, &slots = slots](ClusterState& state) -> absl::StatusOr<ledger::Change> {
          const slots::ShardInfo* info = state.map().FindShard(shard);
          if (info == nullptr) return absl::NotFoundError("no such shard");
          return ledger::SlotsAssigned{shard, info->epoch, slots};
        },
        timeout);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Admin::AssignReplica(const slots::NodeId& node, const slots::ShardId& shard,
                                  absl::Duration timeout) {
  return Propose(
      [node, shard](ClusterState& state) -> absl::StatusOr<ledger::Change> {
        const slots::ShardInfo* info = state.map().FindShard(shard);
        if (info == nullptr) return absl::NotFoundError("no such shard");
        return ledger::ReplicaAssigned{
            {node, state.picture().decided->BootOf(node)}, shard, info->epoch};
      },
      timeout);
}

absl::StatusOr<std::string> Admin::StartMove(const slots::ShardId& from, const slots::ShardId& to,
                                             const slots::SlotSet& slots, absl::Duration timeout) {
  auto id = std::make_shared<std::string>();
  const absl::Status status = Propose(
      [this, id, from, to, slots](ClusterState& state) -> absl::StatusOr<ledger::Change> {
        const slots::ShardInfo* source = state.map().FindShard(from);
        const slots::ShardInfo* target = state.map().FindShard(to);
        if (source == nullptr || target == nullptr) return absl::NotFoundError("no such shard");
        const slots::PlanId plan = slots::PlanId::Random(random_);
        *id = plan.ToHex();
        return ledger::MovePlanned{plan,
                                   slots,
                                   {from, source->epoch, source->primary_boot},
                                   {to, target->epoch, target->primary_boot}};
      },
      timeout);
  if (!status.ok()) return status;
  return *id;
}

absl::StatusOr<MoveState> Admin::FindMove(const std::string& id) {
  const std::optional<slots::PlanId> plan = slots::PlanId::FromHex(id);
  if (!plan.has_value()) return absl::NotFoundError(StrCat("no move has the id ", id));
  absl::StatusOr<absl::StatusOr<MoveState>> found =
      OnEngine<absl::StatusOr<MoveState>>([&](ClusterState& state) -> absl::StatusOr<MoveState> {
        const ledger::View& decided = *state.picture().decided;
        MoveState move;
        move.id = id;
        if (const ledger::MovePlan* running = decided.FindMove(*plan)) {
          move.from = running->source.shard;
          move.to = running->target.shard;
          move.slots = running->slots;
          move.stage = MoveStage::kCopying;
          return move;
        }
        if (const ledger::FinishedMove* finished = decided.FindFinished(*plan)) {
          move.stage = finished->committed ? MoveStage::kCommitted : MoveStage::kAborted;
          move.error = finished->reason;
          return move;
        }
        return absl::NotFoundError(StrCat("no move has the id ", id));
      });
  if (!found.ok()) return found.status();
  return *found;
}

absl::Status Admin::CancelMove(const std::string& id, absl::Duration timeout) {
  const std::optional<slots::PlanId> plan = slots::PlanId::FromHex(id);
  if (!plan.has_value()) return absl::NotFoundError(StrCat("no move has the id ", id));
  return Propose(
      [plan](ClusterState&) -> absl::StatusOr<ledger::Change> {
        return ledger::MoveAborted{*plan, "cancelled by an operator"};
      },
      timeout);
}

absl::Status Admin::Failover(bool force, bool accept_data_loss, absl::Duration timeout) {
  const FailoverWish wish{.force = force, .accept_data_loss = accept_data_loss};
  return AwaitDecision(
      [this, wish](ClusterState&, ControlLink::Done done) {
        const absl::Status possible = CheckFailover(*family_, wish);
        if (!possible.ok()) return done(possible);
        BeginFailover(*family_, wish, std::move(done));
      },
      timeout);
}

absl::Status Admin::RecoverQuorum(absl::Duration timeout) {
  return AwaitDecision([](ClusterState& state,
                          ControlLink::Done done) { state.link().RecoverQuorum(std::move(done)); },
                       timeout);
}

absl::Status Admin::Restart() {
  const absl::StatusOr<absl::Status> restarting =
      OnEngine<absl::Status>([this](ClusterState&) { return env_.restart(); });
  return restarting.ok() ? *restarting : restarting.status();
}

absl::Status Admin::AcceptEmpty() {
  return OnEngine<bool>([](ClusterState& state) {
           state.link().AcceptData();
           return true;
         })
      .status();
}

admin::LibrariesState Admin::LibrariesOf(const ClusterState& state) const {
  admin::LibrariesState libraries;
  libraries.clustered = shared_libraries_ != nullptr;
  const ledger::View& decided = *state.picture().decided;
  std::map<std::string, admin::LibraryState> by_name;
  if (functions_ != nullptr) {
    for (const auto& [name, library] : functions_->libraries().libraries()) {
      admin::LibraryState& out = by_name[name];
      out.here = LibraryDigestOf(library->text).ToHex();
      out.bytes = library->text.size();
      for (const auto& function : library->functions)
        out.functions.push_back(function->loaded.name);
    }
  }
  if (libraries.clustered) {
    libraries.version = decided.libraries_version;
    for (const ledger::LibraryRecord& record : decided.libraries) {
      admin::LibraryState& out = by_name[record.declared.name];
      out.version = record.version;
      out.digest = record.declared.digest.ToHex();
      out.bytes = record.declared.bytes;
      out.functions = record.declared.functions;
    }
  }
  for (auto& [name, library] : by_name) {
    library.name = name;
    if (libraries.clustered) library.problem = shared_libraries_->Problem(name);
    libraries.libraries.push_back(std::move(library));
  }
  return libraries;
}

absl::StatusOr<admin::LibrariesState> Admin::Libraries() {
  return OnEngine<admin::LibrariesState>(
      [this](ClusterState& state) { return LibrariesOf(state); });
}

absl::StatusOr<std::vector<admin::ModuleState>> Admin::Modules() {
  return OnEngine<std::vector<admin::ModuleState>>([this](ClusterState&) {
    std::vector<admin::ModuleState> states;
    if (modules_ == nullptr) return states;
    for (const auto& module : modules_->loaded()) {
      states.push_back({.name = module->name, .version = module->version, .path = module->path});
    }
    return states;
  });
}

absl::Status Admin::ChangeLibraries(Decide decide, absl::Duration timeout) {
  const absl::Status status = AwaitDecision(
      [this, decide = std::move(decide)](ClusterState&, ControlLink::Done done) {
        if (functions_ == nullptr) {
          return done(absl::UnavailableError("the node is still starting"));
        }
        if (shared_libraries_ == nullptr) {
          return done(absl::FailedPreconditionError(
              "this node decides about its libraries alone (cluster-functions no): use FUNCTION on "
              "each node"));
        }
        decide(*shared_libraries_, std::move(done));
      },
      timeout);
  // Clients' errors have a code in front.
  const size_t blank = status.message().find(' ');
  if (status.ok() || !ToStd(status.message()).starts_with("ERR ")) return status;
  return absl::Status(status.code(), status.message().substr(blank + 1));
}

absl::StatusOr<std::string> Admin::LoadLibrary(const std::string& text, bool replace,
                                               absl::Duration timeout) {
  const absl::StatusOr<functions::LibraryHead> head = functions::ParseLibrary(text);
  if (!head.ok()) return head.status();
  const absl::Status status = ChangeLibraries(
      [text, replace](functions::ClusterLibraries& libraries,
                      functions::LibraryAuthority::Done done) {
        libraries.LoadText(text, replace, std::move(done));
      },
      timeout);
  if (!status.ok()) return status;
  return head->name;
}

absl::Status Admin::DeleteLibrary(const std::string& name, absl::Duration timeout) {
  return ChangeLibraries(
      [name](functions::ClusterLibraries& libraries, functions::LibraryAuthority::Done done) {
        libraries.Delete(name, std::move(done));
      },
      timeout);
}

std::vector<admin::LogEntry> Admin::Logs(uint64_t after, size_t limit) {
  constexpr const char* kLevels[] = {"debug", "verbose", "notice", "warning"};
  std::vector<admin::LogEntry> entries;
  for (LogRing::Line& line : env_.log.After(after, limit)) {
    entries.push_back({line.number, absl::FromUnixMicros(line.wall_micros),
                       kLevels[static_cast<int>(line.severity)], std::move(line.text)});
  }
  return entries;
}

}  // namespace

std::unique_ptr<ClusterAdmin> ClusterAdmin::Make(const Environment& environment) {
  return std::make_unique<Admin>(environment);
}

}  // namespace slotmesh::node
