// slotmesh add-node, drain, remove-node, replace-node, failover, rolling-restart.
#include <sys/wait.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "admin/cli/choose.h"
#include "admin/cli/commands.h"
#include "admin/cli/members.h"
#include "admin/cli/render.h"
#include "admin/cli/rolling_restart.h"

namespace slotmesh::admin {
namespace {

// Runs the user's command for one node.
absl::Status RunCommand(const std::string& command, const wire::Node& node) {
  const std::string line = absl::StrReplaceAll(
      command,
      {{"{host}", node.host()}, {"{port}", absl::StrCat(node.port())}, {"{id}", node.id()}});
  const int ended = std::system(line.c_str());
  if (ended == 0) return absl::OkStatus();
  const std::string how =
      WIFEXITED(ended) ? absl::StrCat("exit code ", WEXITSTATUS(ended)) : "a signal ended it";
  return absl::AbortedError(absl::StrCat("the command failed (", how, "): ", line));
}

absl::Status Ask(Members& members, const wire::Node& node, wire::ClusterStatus* status) {
  return members.With(node, [status](AdminClient& client) {
    absl::StatusOr<wire::ClusterStatus> answer = client.Status();
    if (answer.ok()) *status = *std::move(answer);
    return answer.status();
  });
}

// The cluster as any member of `known` but one tells of it.
absl::StatusOr<wire::ClusterStatus> LookFromElsewhere(Members& members,
                                                      const wire::ClusterStatus& known,
                                                      const std::string& without) {
  absl::Status last = absl::UnavailableError("there is no other member to ask");
  for (const wire::Node& node : known.nodes()) {
    if (node.id() == without) continue;
    wire::ClusterStatus status;
    last = Ask(members, node, &status);
    if (last.ok()) return status;
  }
  return last;
}

}  // namespace

int Commands::AddNode(const std::string& node, const std::string& replica_of) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  wire::AddNodeRequest request;
  auto address = LocateForJoin(node, connect_);
  if (!address.ok()) return Fail(address.status());
  *request.mutable_node() = *std::move(address);
  request.set_replica_of(replica_of);
  return Run([&](const AdminClient::OnProgress& on_progress) {
    return session->client->AddNode(request, on_progress);
  });
}

int Commands::Drain(const std::string& node) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  wire::DrainRequest request;
  request.set_node(node);
  return Run([&](const AdminClient::OnProgress& on_progress) {
    return session->client->Drain(request, on_progress);
  });
}

int Commands::RemoveNode(const std::string& node) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  wire::RemoveNodeRequest request;
  request.set_node(node);
  return Run([&](const AdminClient::OnProgress& on_progress) {
    return session->client->RemoveNode(request, on_progress);
  });
}

int Commands::Failover(const std::string& name, bool force, bool accept_data_loss) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto status = session->client->Status();
  if (!status.ok()) return Fail(status.status());
  const auto named = FindMember(*status, name);
  if (!named.ok()) return Fail(named.status());
  const wire::Node* next = *named;
  if (next->role() == "primary") next = BestReplica(*status, next->shard());
  if (next == nullptr || next->role() != "replica") {
    return Fail(absl::FailedPreconditionError(
        absl::StrCat(NodeName(*status, (*named)->id()), " has no replica that could take over")));
  }
  Members members(*session->auth);
  wire::FailoverRequest request;
  request.set_force(force);
  request.set_accept_data_loss(accept_data_loss);
  return Run([&](const AdminClient::OnProgress& on_progress) {
    return members.With(*next,
                        [&](AdminClient& client) { return client.Failover(request, on_progress); });
  });
}

// The new node copies the old one's shard, takes over if the old one is its primary, and is then
// asked to take the old one out.
int Commands::ReplaceNode(const std::string& old_name, const std::string& new_address) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  const auto before = session->client->Status();
  if (!before.ok()) return Fail(before.status());
  const auto found = FindMember(*before, old_name);
  if (!found.ok()) return Fail(found.status());
  const wire::Node& old = **found;
  if (old.role() == "primary" && old.slot_count() > 0 && old.health() == "failed") {
    return Fail(absl::FailedPreconditionError(
        absl::StrCat(NodeName(*before, old.id()),
                     " is down: a replica has to take over first (slotmesh failover --force)")));
  }
  auto address = LocateForJoin(new_address, connect_);
  if (!address.ok()) return Fail(address.status());
  Members members(*session->auth);
  const auto work = [&](const AdminClient::OnProgress& on_progress) -> absl::Status {
    wire::AddNodeRequest add;
    *add.mutable_node() = *address;
    const wire::Node* const primary = PrimaryOf(*before, old.shard());
    if (primary != nullptr) add.set_replica_of(primary->id());
    if (auto done = session->client->AddNode(add, on_progress); !done.ok()) return done;
    const auto now = session->client->Status();
    if (!now.ok()) return now.status();
    const auto joined = FindMember(*now, absl::StrCat(address->host(), ":", address->port()));
    if (!joined.ok()) return joined.status();
    const wire::Node* const leaving = FindById(*now, old.id());
    if (leaving != nullptr && leaving->role() == "primary" && primary != nullptr) {
      auto done = members.With(**joined, [&](AdminClient& client) {
        return client.Failover(wire::FailoverRequest(), on_progress);
      });
      if (!done.ok()) return done;
    }
    wire::RemoveNodeRequest remove;
    remove.set_node(old.id());
    return members.With(
        **joined, [&](AdminClient& client) { return client.RemoveNode(remove, on_progress); });
  };
  return Run(work);
}

int Commands::RollingRestart(const RestartOptions& options) {
  const auto session = Connect(connect_, environment_);
  if (!session.ok()) return Fail(session.status());
  auto known = session->client->Status();
  if (!known.ok()) return Fail(known.status());
  Members members(*session->auth);
  RestartWorld world;
  world.look = [&](const std::string& without) {
    auto status = LookFromElsewhere(members, *known, without);
    if (status.ok()) known = status;
    return status;
  };
  world.serves = [&](const wire::Node& node) {
    wire::ClusterStatus status;
    return Ask(members, node, &status).ok() && status.state() == "ok";
  };
  world.fail_over = [&](const wire::Node& node) {
    return members.With(node, [](AdminClient& client) {
      return client.Failover(wire::FailoverRequest(), [](const wire::Progress&) {});
    });
  };
  world.restart = [&](const wire::Node& node) {
    if (!options.command.empty()) return RunCommand(options.command, node);
    return members.With(node, [](AdminClient& client) { return client.Restart(); });
  };
  world.now = environment_.now;
  world.sleep = environment_.sleep;
  world.report = [&](const std::string& line) {
    (json_ ? environment_.err : environment_.out)(line + "\n");
  };
  const absl::Time start = environment_.now();
  const auto restarted =
      RestartAll(world, {.allow_gaps = options.allow_gaps,
                         .timeout_per_node = absl::Seconds(options.seconds_per_node)});
  if (!restarted.ok()) return Fail(restarted.status());
  const double seconds = absl::ToDoubleSeconds(environment_.now() - start);
  environment_.out(json_ ? RestartedJson(*restarted, seconds)
                         : absl::StrCat("All ", restarted->size(), " nodes were restarted.\n"));
  return kExitOk;
}

}  // namespace slotmesh::admin
