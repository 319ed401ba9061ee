// Clients without a connection, in whose name modules' inner commands run.
//
// Engine thread, or whoever holds the module lock. Calls nest: each takes a client and gives it
// back clean.
#ifndef SLOTMESH_MODULES_CALL_CLIENTS_H_
#define SLOTMESH_MODULES_CALL_CLIENTS_H_

#include <memory>
#include <vector>

#include "node/command/client.h"

namespace slotmesh::modules {

class CallClients {
 public:
  // The caller's until it is given back.
  std::unique_ptr<node::Client> Take();
  void GiveBack(std::unique_ptr<node::Client> client);

 private:
  static constexpr size_t kKeptMax = 16;

  std::vector<std::unique_ptr<node::Client>> free_;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_CALL_CLIENTS_H_
