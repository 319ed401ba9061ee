// Hears of what happens to the server as a whole: modules do, through their server events.
//
// Engine thread only. Engine::observer may be null: then nobody listens.
#ifndef SLOTMESH_NODE_COMMAND_SERVER_OBSERVER_H_
#define SLOTMESH_NODE_COMMAND_SERVER_OBSERVER_H_

#include <cstdint>
#include <string_view>
#include <utility>

namespace slotmesh::node {

class Client;
struct Engine;

class ServerObserver {
 public:
  enum class Loading : uint8_t { kRdb, kAof, kReplication, kEnded, kFailed };
  enum class Save : uint8_t { kRdb, kAof, kRdbNow, kAofNow, kEnded, kFailed };

  virtual ~ServerObserver() = default;
  // Around FLUSHDB and FLUSHALL; `database` is -1 for all.
  virtual void OnFlush(int database, bool in_background, bool before) {}
  virtual void OnSwap(int first, int second) {}
  virtual void OnClient(Client& client, bool connected) {}
  // It is another user's from now on, or nobody's.
  virtual void OnUserChange(Client& client) {}
  virtual void OnLoading(Loading what) {}
  // A primary's copy is loaded beside the data, which is served meanwhile.
  enum class AsyncLoading : uint8_t { kStarted, kAborted, kCompleted };
  virtual void OnAsyncLoading(AsyncLoading what) {}
  // Between the pieces of a file that is being loaded: how far it is, of 1024.
  virtual void OnLoadingProgress(bool append_only, int done) {}
  virtual void OnSave(Save what) {}
  // A point in time is about to be taken, or has been written out.
  virtual void OnSnapshot(bool begin) {}
  virtual void OnRoleChange(bool is_replica) {}
  virtual void OnReplica(bool online) {}
  virtual void OnPrimaryLink(bool up) {}
  virtual void OnShutdown() {}
  virtual void OnCron() {}
  // The loop is about to wait, or has waited.
  virtual void OnLoop(bool before_waiting) {}
};

// Tells the engine's observer, if there is one.
template <typename SomeEngine, typename... Parameters, typename... Values>
void Tell(const SomeEngine& engine, void (ServerObserver::*what)(Parameters...),
          Values&&... values) {
  if (engine.observer != nullptr) (engine.observer->*what)(std::forward<Values>(values)...);
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_SERVER_OBSERVER_H_
