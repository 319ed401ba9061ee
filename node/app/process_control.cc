#include "node/app/process_control.h"

#include <chrono>
#include <thread>

#include "boost/asio/post.hpp"

namespace slotmesh::node {

void ProcessControl::Shutdown() {
  // Who comes from now on is refused, also while a script still runs.
  server_.StopListening();
  // Behind the writes that this turn has posted.
  boost::asio::post(io_, [this] { io_.stop(); });
}

void ProcessControl::Sleep(int64_t micros) {
  std::this_thread::sleep_for(std::chrono::microseconds(micros));
  // Time stands still for a script.
  if (server_.engine().script == nullptr) server_.BeginTurn();
}

}  // namespace slotmesh::node
