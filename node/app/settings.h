// Makes settings take effect that are more than a field somebody reads: at start, and when CONFIG
// SET changes them.
//
// Engine thread only. Borrows all; the store must not be changed once they are gone.
#ifndef SLOTMESH_NODE_APP_SETTINGS_H_
#define SLOTMESH_NODE_APP_SETTINGS_H_

#include "node/command/engine.h"
#include "node/config/config_store.h"
#include "node/net/server.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class Settings {
 public:
  Settings(ConfigStore& store, Engine& engine, Server& server, Log& log)
      : store_(store), engine_(engine), server_(server), log_(log) {}

  // Once, before the node serves. Warns of directives that have no effect.
  void Begin();

 private:
  void WarnOfInert() const;

  ConfigStore& store_;
  Engine& engine_;
  Server& server_;
  Log& log_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_SETTINGS_H_
