// Client side caching (CLIENT TRACKING): which clients may hold which keys, and telling them when a
// key is not what it was.
//
// A client that tracks by reading is remembered for each key that its read-only commands name, and
// told once when the key changes. One that tracks by broadcast is told of every change of a key
// with one of its prefixes; those messages are gathered and sent by SendWaiting(), once a loop
// turn. Keys count by name, whatever their database. Engine thread only; borrows clients: Forget()
// before one dies. Bounds: the table of read keys holds Limit()'s argument many, any more are given
// up at random, which their readers are told. Cost with nobody tracking: a branch.
#ifndef SLOTMESH_NODE_COMMAND_TRACKING_H_
#define SLOTMESH_NODE_COMMAND_TRACKING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "node/command/client.h"
#include "node/command/client_table.h"
#include "node/command/pushes.h"

namespace slotmesh::node {

class Tracking {
 public:
  // Keys given up by one call of Limit().
  static constexpr size_t kGivenUpAtOnceMax = 1000;

  // Borrows both.
  Tracking(Pushes& pushes, const ClientTable& clients) : pushes_(pushes), all_clients_(clients) {}
  Tracking(const Tracking&) = delete;
  Tracking& operator=(const Tracking&) = delete;

  // Called when something begins to wait for SendWaiting().
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  struct Options {
    bool broadcast = false;
    bool opt_in = false;
    bool opt_out = false;
    bool no_loop = false;
    uint64_t redirect = 0;
    std::vector<std::string_view> prefixes;
  };
  // An error is a wire error (errors.h): the options contradict each other or how the client tracks
  // now.
  absl::Status Enable(Client& client, const Options& options);
  void Disable(Client& client);
  // The client is going away.
  void Forget(Client& client) { Disable(client); }

  // Somebody tracks.
  bool active() const { return !clients_.empty(); }

  // The client has read these keys.
  void Remember(Client& client, absl::Span<const std::string_view> keys);
  // The key was changed, created or removed by the running client's command.
  void OnTouched(std::string_view key) {
    if (active()) [[unlikely]]
      Invalidate(key, pushes_.running());
  }
  // It expired or was evicted: no client did it.
  void OnRemoved(std::string_view key) {
    if (active()) [[unlikely]]
      Invalidate(key, nullptr);
  }
  // The same of all keys for which `affected` says so.
  void OnManyTouched(absl::FunctionRef<bool(std::string_view key)> affected);
  // Every key of a database. Told once however often it is said before SendFlush().
  void OnAllTouched();

  // What a command has flushed. Right after it.
  bool flush_waits() const { return flush_waits_; }
  void SendFlush();
  // Broadcasts and flushes. Once a loop turn.
  void SendWaiting();

  // Gives up keys until at most `keys_max` (0: no limit) are left. True if there are more left.
  bool Limit(uint64_t keys_max, absl::BitGenRef random);

  size_t clients() const { return clients_.size(); }
  size_t keys() const { return keys_.size(); }
  size_t items() const { return items_; }  // Pairs of key and reader.
  size_t prefixes() const { return prefixes_.size(); }

  void CheckInvariants() const;

 private:
  struct Readers {
    std::vector<uint64_t> ids;  // Sorted.
    size_t place = 0;           // In order_.
  };
  using Keys = absl::node_hash_map<std::string, Readers>;
  struct Prefix {
    std::map<uint64_t, Client*> clients;
    // Since the last message: with the client that changed it, 0 if none did.
    std::map<std::string, uint64_t, std::less<>> changed;
  };

  absl::Status CheckOptions(const Client& client, const Options& options) const;
  absl::Status CheckPrefixes(const Client& client, const Options& options) const;
  void AddPrefix(Client& client, std::string_view prefix);
  void Invalidate(std::string_view key, const Client* by);
  void TellReaders(Keys::iterator key, const Client* by);
  void Note(std::string_view key, const Client* by);
  void Wake();
  // Without keys: all of them.
  void Send(Client& client, const absl::Span<const std::string_view>* keys);

  Pushes& pushes_;
  const ClientTable& all_clients_;
  std::function<void()> wake_;
  std::map<uint64_t, Client*> clients_;
  Keys keys_;
  std::vector<Keys::value_type*> order_;  // All keys, for a choice at random.
  size_t items_ = 0;
  std::map<std::string, Prefix, std::less<>> prefixes_;
  bool flush_waits_ = false;
  bool broadcast_waits_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_TRACKING_H_
