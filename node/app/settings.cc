#include "node/app/settings.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "node/app/open_files.h"
#include "node/command/engine_settings.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

absl::Status ChangeDirectory(const Config& config) {
  if (chdir(config.dir.c_str()) == 0) return absl::OkStatus();
  return absl::NotFoundError(std::strerror(errno));
}

absl::Status CheckClients(const Config& config) {
  const int64_t room = MakeRoomForClients(config.maxclients);
  if (room == config.maxclients) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      StrCat("The operating system is not able to handle the specified number of clients, try "
             "with ",
             room));
}

}  // namespace

void Settings::Begin() {
  WarnOfInert();
  FollowLogSettings(store_, engine_);
  FollowKeyspaceSettings(store_, engine_);
  FollowTypeSettings(store_, engine_);
  engine_.notifier.set_classes(store_.config().notify_keyspace_events);
  store_.OnChange({"notify-keyspace-events"}, [this](const Config& config) {
    engine_.notifier.set_classes(config.notify_keyspace_events);
    return absl::OkStatus();
  });
  FollowSlotStats(store_, engine_);
  store_.OnChange({"dir"}, &ChangeDirectory);
  store_.OnChange({"maxclients"}, &CheckClients);
  store_.OnChange({"port"}, [this](const Config&) {
    if (server_.Relisten().ok()) return absl::OkStatus();
    return absl::UnavailableError("Unable to listen on this port. Check server logs.");
  });
  store_.OnChange({"bind"}, [this](const Config&) {
    if (server_.Relisten().ok()) return absl::OkStatus();
    return absl::UnavailableError("Failed to bind to specified addresses.");
  });
  store_.OnChange({"activedefrag"}, [](const Config& config) {
    if (!config.activedefrag) return absl::OkStatus();
    return absl::UnimplementedError(
        "Active defragmentation cannot be enabled: the allocator has no means for it");
  });
  store_.OnChange({"maxmemory"}, [this](const Config& config) {
    if (config.maxmemory != 0 && engine_.used_memory_bytes > config.maxmemory) {
      log_.Warning(StrCat("The new maxmemory, ", config.maxmemory,
                          ", is smaller than the memory in use, ", engine_.used_memory_bytes,
                          ": keys are evicted, or writes refused, as maxmemory-policy says."));
    }
    return absl::OkStatus();
  });
}

void Settings::WarnOfInert() const {
  for (const Directive* directive : store_.Inert()) {
    log_.Warning(StrCat("The directive '", directive->name, "' has no effect",
                        directive->effect == DirectiveEffect::kLater ? " yet." : "."));
  }
}

}  // namespace slotmesh::node
