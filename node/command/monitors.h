// MONITOR: clients that are shown every command.
//
// Engine thread only. Clients are borrowed: Forget() before one dies. Costs a branch a command
// while there are none.
#ifndef SLOTMESH_NODE_COMMAND_MONITORS_H_
#define SLOTMESH_NODE_COMMAND_MONITORS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "node/command/client.h"
#include "node/command/pushes.h"
#include "node/resp/args.h"

namespace slotmesh::node {

class Monitors {
 public:
  explicit Monitors(Pushes& pushes) : pushes_(pushes) {}

  // REQUIRES: the client is none yet.
  void Add(Client& client);
  void Forget(Client& client);
  bool empty() const { return clients_.empty(); }

  // Who runs a command, as a line shows it.
  struct Source {
    int database = 0;
    std::string_view address;  // "ip:port", "unix:path", "lua".
  };
  // "+seconds.micros [db address] "word" "word" ..." to each.
  void Show(int64_t wall_micros, const Source& source, Args words);

 private:
  Pushes& pushes_;
  std::vector<Client*> clients_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_MONITORS_H_
