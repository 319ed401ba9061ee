// The composition root: builds the object graph of one node and runs it.
//
// The thread that calls Run() is the engine thread. RequestStop() may be called from any thread and
// from Run()'s signal handling; everything else on the engine thread.
#ifndef SLOTMESH_NODE_APP_NODE_H_
#define SLOTMESH_NODE_APP_NODE_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "node/command/engine.h"
#include "node/config/config_store.h"
#include "node/stats/clock.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class Node {
 public:
  // Borrows all; they outlive the node.
  struct Environment {
    ConfigStore& settings;
    Log& log;
    Clock& clock;
    uint64_t seed;  // Of all randomness in the engine.
    std::string executable;
    // Fills what it is given with bytes that nobody can guess.
    std::function<void(absl::Span<unsigned char>)> secret_bytes;
    // The process can be started again as it was.
    bool can_restart = false;
  };

  // Listeners are open when this returns; the data is still to be loaded. An error's message is
  // ready for the log.
  static absl::StatusOr<std::unique_ptr<Node>> Create(const Environment& environment);
  ~Node();

  // Loads the data, serving meanwhile what needs none, and serves until it is told to stop. The
  // process's exit code.
  int Run();
  void RequestStop();
  // After Run(): the process is to begin anew.
  bool wants_restart() const;
  // For reports of a crash.
  const Engine& engine() const;

 private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_NODE_H_
