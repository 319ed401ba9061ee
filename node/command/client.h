// What the server knows of one client, apart from its socket: identity, modes, transaction, watched
// keys.
//
// Owned by its connection (node/net) or by whoever plays a client (scripts, the replica link,
// migration). Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_CLIENT_H_
#define SLOTMESH_NODE_COMMAND_CLIENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "node/command/command_spec.h"
#include "node/command/owned_args.h"
#include "node/command/registry.h"
#include "node/resp/output_buffer.h"
#include "node/resp/reply.h"
#include "node/stats/slot_stats.h"

namespace slotmesh::node {

class AclUser;
class Client;

// Who a request comes from; says which checks apply (origin_checks.h).
enum class RequestOrigin : uint8_t {
  kClient = 0,
  kExec = 1,  // A queued command of a transaction.
  kScript = 2,
  kModule = 3,
  kAof = 4,          // Loading.
  kReplication = 5,  // The primary's stream.
  kMigration = 6,    // Staged slots.
};

struct QueuedCommand {
  const Command* command = nullptr;
  OwnedArgs args;
};

struct Transaction {
  bool active = false;
  bool poisoned = false;     // A command was refused while queueing: EXEC fails with EXECABORT.
  Flag flags = Flag::kNone;  // Of all queued commands together.
  size_t memory_bytes = 0;
  std::vector<QueuedCommand> queued;
  // EXEC runs and may wait between its commands: how many of them have begun.
  bool running = false;
  size_t begun = 0;
};

// What a connection does for its client. Implemented by node/net; null for clients without a
// connection.
class ClientHost {
 public:
  virtual ~ClientHost() = default;
  // Runs the parked request again if there is one, then goes on with what is buffered. May be
  // called at any time on the engine thread, also while another client's command runs: the work
  // happens later in the loop turn.
  virtual void Resume(Client& client) = 0;
  // The client's request has waited for a key: `run` runs it again and says whether it is done; the
  // client then goes on. For a host that has something to do in the same unit of the journal.
  virtual void RunAgain(Client& client, absl::FunctionRef<bool()> run) {
    if (run()) Resume(client);
  }
  // Replies that came from outside a request (push messages, an unblocked command) are in the
  // client's buffer: send them with this turn's writes.
  virtual void Flush(Client& client) = 0;
  // Closes the connection at the end of the turn, without (`kNow`) or after sending what is
  // buffered.
  virtual void Close(Client& client, bool after_replies) = 0;
  // Brings what the client says of its buffers up to date (CLIENT LIST).
  virtual void MeasureBuffers(Client& client) {}
};

// What a connection sends besides replies, made as fast as the socket takes it: a replica's file
// and stream. Belongs to whoever hangs it into Client::feed.
class OutputFeed {
 public:
  // The output is empty: appends the next piece to it, nothing if there is none now.
  // ClientHost::Flush says that there is again.
  virtual void Fill(OutputBuffer& output) = 0;
  // What is still to come, as far as it takes memory: client-output-buffer-limit counts it.
  virtual size_t waiting_bytes() const = 0;
  // The client is going away.
  virtual void OnGone() = 0;

 protected:
  ~OutputFeed() = default;
};

// CLIENT REPLY: kSkipNext turns into kSkip when the command that set it is done, and back into kOn
// after one more.
enum class ReplyMode : uint8_t { kOn = 0, kOff = 1, kSkipNext = 2, kSkip = 3 };

// CLIENT WRITE-SAFETY: the server's (the directive) or one of the connection's own.
enum class SafetyChoice : uint8_t { kServers = 0, kAsync = 1, kSynced = 2 };

// What a client has subscribed to: by ChannelKind. Views of the names in PubSub, which keeps this.
struct Subscriptions {
  std::array<std::set<std::string_view>, 3> names;
  size_t total() const { return names[0].size() + names[1].size() + names[2].size(); }
};

// CLIENT TRACKING: how a client caches, and who is to hear what has changed. Kept by Tracking.
struct TrackingMode {
  bool broadcast = false;  // All keys with these prefixes, whether it has read them or not.
  bool opt_in = false;
  bool opt_out = false;
  bool no_loop = false;
  // CLIENT CACHING: the next command's keys are (opt_in) or are not (opt_out) remembered.
  bool caching = false;
  const Command* caching_said_by = nullptr;  // Commands of this container do not end it.
  bool broken_redirect = false;              // It pointed to a client that has gone.
  uint64_t redirect = 0;                     // A client's id; 0: messages go to the client itself.
  std::set<std::string> prefixes;
};

class Client {
 public:
  Client(uint64_t id, ClientHost* host) : id_(id), host_(host), reply_(&output) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  uint64_t id() const { return id_; }
  ClientHost* host() { return host_; }
  Reply& reply() { return reply_; }

  OutputBuffer output;

  // Identity.
  std::string name;
  std::string lib_name;
  std::string lib_version;
  std::string address;  // "ip:port", or "path:0" of a unix socket.
  std::string local_address;
  int socket = -1;
  bool unix_socket = false;
  // Null for what the server does itself: no rules hold for it.
  std::shared_ptr<AclUser> user;
  bool authenticated = true;

  // Modes.
  int database = 0;
  bool readonly = false;      // READONLY
  bool asking = false;        // ASKING: holds for the command after it, or the transaction.
  bool asking_fresh = false;  // That command is still to come.
  bool no_evict = false;
  bool no_touch = false;
  bool import_source = false;         // CLIENT IMPORT-SOURCE
  bool understands_redirect = false;  // CLIENT CAPA redirect
  ReplyMode reply_mode = ReplyMode::kOn;
  bool ignores_memory = false;  // maxmemory refuses it nothing, nor the scripts that it runs.
  SafetyChoice write_safety = SafetyChoice::kServers;
  bool close_after_reply = false;
  bool close_now = false;

  Transaction transaction;
  bool watching = false;      // Has watched keys; they stand in the WatchTable.
  bool watch_broken = false;  // One of them changed: EXEC gives a null.

  std::unique_ptr<Subscriptions> subscriptions;  // Null while there are none.
  std::unique_ptr<TrackingMode> tracking;        // Null while it is off.
  bool monitor = false;
  OutputFeed* feed = nullptr;  // Null: it gets nothing but replies.
  bool is_replica = false;     // SYNC or PSYNC.
  bool is_primary = false;     // This server's own: its requests are the replication stream.

  // A request that waits for a condition and then runs from its start (see
  // Dispatcher::Result::kParked).
  OwnedArgs parked;
  // The ticket of a command whose reply comes later (BlockedClients), 0 if there is none.
  uint64_t blocked = 0;
  // The request that runs (or is parked) has waited for keys before and runs again from its start:
  // what its first run settled holds on. See KeyWaiters.
  struct Rerun {
    bool active = false;
    int64_t deadline_ms = 0;
    uint64_t place = 0;
  };
  Rerun rerun;
  // Waits, either way: its next requests wait too.
  bool waits() const { return blocked != 0 || !parked.empty(); }

  // What a request that runs or waits has cost so far, for SlotStats; its slot is -1 if it is not
  // counted.
  struct SlotCost {
    int slot = -1;
    SlotUsage usage;
  };
  SlotCost slot_cost;
  // Of the request that runs, if it came as a line; 0: as an array.
  uint64_t inline_bytes = 0;

  // Write replies of this turn are in the buffer: the lease is checked again before they leave.
  bool has_unsent_write = false;
  // Synced: a request has read or changed data, and its reply is in the buffer. It waits for the
  // replicas from the end of the batch on.
  bool saw_data = false;
  // The journal's offset behind its last write (WAIT).
  uint64_t write_offset = 0;

  // Statistics.
  int64_t created_ms = 0;
  int64_t last_interaction_ms = 0;
  uint64_t commands = 0;  // Done; what waits is not.
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
  size_t query_buffer_bytes = 0;
  size_t query_buffer_free_bytes = 0;
  size_t argument_bytes = 0;
  size_t counted_bytes = 0;  // By ClientLimit.
  const Command* last_command = nullptr;

 private:
  uint64_t id_;
  ClientHost* host_;
  Reply reply_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_CLIENT_H_
