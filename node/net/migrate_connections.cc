#include "node/net/migrate_connections.h"

#include <chrono>

namespace slotmesh::node {

void MigrateConnections::WakeAfter(absl::Duration time) {
  timer_.expires_after(absl::ToChronoMicroseconds(time));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && wake_ != nullptr) wake_();
  });
}

}  // namespace slotmesh::node
