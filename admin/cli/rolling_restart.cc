#include "admin/cli/rolling_restart.h"

#include "absl/strings/str_cat.h"
#include "admin/cli/choose.h"
#include "admin/cli/render.h"

namespace slotmesh::admin {
namespace {

constexpr absl::Duration kPollEvery = absl::Milliseconds(100);

// What of the cluster is not well; empty if nothing.
std::string ProblemOf(const wire::ClusterStatus& status) {
  if (status.state() != "ok") return absl::StrCat("the cluster is not well: ", status.reason());
  for (const wire::Node& node : status.nodes()) {
    if (node.health() != "online") {
      return absl::StrCat(NodeName(status, node.id()), " is ", node.health());
    }
    const wire::Node* const primary = PrimaryOf(status, node.shard());
    const bool lacks_data = node.role() == "replica" && node.replication_offset() == 0 &&
                            primary != nullptr && primary->replication_offset() > 0;
    if (lacks_data) return absl::StrCat(NodeName(status, node.id()), " has no copy yet");
  }
  return "";
}

class Roll {
 public:
  Roll(const RestartWorld& world, const RollingRestartOptions& options)
      : world_(world), options_(options) {}

  absl::StatusOr<std::vector<std::string>> Run() {
    const absl::StatusOr<wire::ClusterStatus> status = world_.look("");
    if (!status.ok()) return status.status();
    if (const std::string problem = ProblemOf(*status); !problem.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("nothing was restarted: ", problem, " (slotmesh check says more)"));
    }
    for (const std::string& id : RestartOrder(*status)) {
      if (absl::Status done = RestartOne(id); !done.ok()) return done;
      restarted_.push_back(id);
    }
    return restarted_;
  }

 private:
  absl::Status RestartOne(const std::string& id) {
    absl::StatusOr<wire::ClusterStatus> status = world_.look("");
    if (!status.ok()) return status.status();
    const wire::Node* node = FindById(*status, id);
    if (node == nullptr) return absl::OkStatus();  // It left meanwhile.
    const std::string name = NodeName(*status, id);
    if (absl::Status free = HandSlotsOver(*status, *node); !free.ok()) return free;
    const uint64_t boot = node->boot();
    world_.report(absl::StrCat("restarting ", name));
    const absl::Time start = world_.now();
    if (absl::Status begun = world_.restart(*node); !begun.ok()) return Named(begun, name);
    if (absl::Status back = WaitFor(id, boot, name); !back.ok()) return back;
    world_.report(absl::StrCat(
        name, " is back after ",
        absl::FormatDuration(absl::Trunc(world_.now() - start, absl::Milliseconds(10)))));
    return absl::OkStatus();
  }

  absl::Status HandSlotsOver(const wire::ClusterStatus& status, const wire::Node& node) {
    if (node.role() != "primary" || node.slot_count() == 0) return absl::OkStatus();
    const std::string name = NodeName(status, node.id());
    const wire::Node* const replica = BestReplica(status, node.shard());
    if (replica == nullptr) {
      if (options_.allow_gaps) return absl::OkStatus();
      return absl::FailedPreconditionError(
          absl::StrCat(name, " has no replica that could stand in for it: nobody would serve its ",
                       node.slot_count(),
                       " slots meanwhile (--allow-gaps restarts it all the "
                       "same)"));
    }
    world_.report(absl::StrCat(NodeName(status, replica->id()), " takes over from ", name));
    return Named(world_.fail_over(*replica), name);
  }

  // Until the member is back and all is well, as another member sees it and it does itself.
  absl::Status WaitFor(const std::string& id, uint64_t old_boot, const std::string& name) {
    const absl::Time end = world_.now() + options_.timeout_per_node;
    std::string problem = "it has not come back";
    uint64_t wanted_offset = 0;
    for (; world_.now() < end; world_.sleep(kPollEvery)) {
      const absl::StatusOr<wire::ClusterStatus> status = world_.look(id);
      if (!status.ok()) {
        problem = std::string(status.status().message());
        continue;
      }
      const wire::Node* const node = FindById(*status, id);
      if (node == nullptr || node->boot() == old_boot || node->health() != "online") continue;
      problem = ProblemOf(*status);
      if (!problem.empty()) continue;
      const wire::Node* const primary = PrimaryOf(*status, node->shard());
      if (wanted_offset == 0 && primary != nullptr) wanted_offset = primary->replication_offset();
      problem = "it does not have all data yet";
      if (node->role() == "replica" && node->replication_offset() < wanted_offset) continue;
      problem = "it does not serve yet";
      if (world_.serves(*node)) return absl::OkStatus();
    }
    return absl::DeadlineExceededError(absl::StrCat(name, " was restarted, but within ",
                                                    absl::FormatDuration(options_.timeout_per_node),
                                                    " ", problem));
  }

  absl::Status Named(const absl::Status& status, const std::string& name) const {
    if (status.ok()) return status;
    return {status.code(), absl::StrCat(name, ": ", status.message(), " (", restarted_.size(),
                                        " nodes were restarted before it)")};
  }

  const RestartWorld& world_;
  const RollingRestartOptions& options_;
  std::vector<std::string> restarted_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> RestartAll(const RestartWorld& world,
                                                    const RollingRestartOptions& options) {
  return Roll(world, options).Run();
}

}  // namespace slotmesh::admin
