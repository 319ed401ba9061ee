// RedisModuleCtx: what a module's function is called with.
//
// One per call of a module's code (command, timer, event, callback) and on its stack, or made for a
// module's thread (GetThreadSafeContext). Its first member is GetApi, by which a module finds all
// other functions: that is the ABI. Engine thread, or a thread that holds the module lock; replies
// of a thread-safe context for a blocked client go into a client of its own and need no lock.
#ifndef SLOTMESH_MODULES_CONTEXT_H_
#define SLOTMESH_MODULES_CONTEXT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "modules/module.h"
#include "modules/sdk/abi.h"
#include "node/command/client.h"
#include "node/command/command_context.h"

namespace slotmesh::modules {

class Modules;

// Something that automatic memory frees at the end of the call.
struct AutoFreed {
  void* thing = nullptr;
  void (*free)(void* thing) = nullptr;
};

}  // namespace slotmesh::modules

struct RedisModuleCtx {
  enum class Kind : uint8_t {
    kCommand = 0,
    kLoad = 1,        // OnLoad, OnUnload.
    kCallback = 2,    // A timer, an event, a filter, a reply, ...: on the engine thread.
    kThreadSafe = 3,  // GetThreadSafeContext.
  };

  // `client` may be null: replies then go nowhere. Borrows all.
  RedisModuleCtx(slotmesh::modules::Modules& server, slotmesh::modules::Module* whose, Kind what,
                 slotmesh::node::Client* for_client);
  ~RedisModuleCtx();
  RedisModuleCtx(const RedisModuleCtx&) = delete;
  RedisModuleCtx& operator=(const RedisModuleCtx&) = delete;

  // Null if there is nobody to reply to.
  slotmesh::node::Reply* reply() { return client == nullptr ? nullptr : &client->reply(); }
  // The database that the call works on.
  slotmesh::node::Database& db() const;
  slotmesh::node::Engine& engine() const;

  // With automatic memory on: `thing` is freed at the end of the call unless Untrack comes first.
  void Track(void* thing, void (*free)(void* thing)) {
    if (auto_memory) tracked.push_back({thing, free});
  }
  // Its owner frees it or keeps it. False if it was not tracked.
  bool Untrack(void* thing);
  void FreeTracked();

  // Into the log, with the module's name: what it does wrong.
  void LogWarning(std::string_view text) const;

  int (*get_api)(const char* name, void* target);  // First: the ABI.
  slotmesh::modules::Modules& modules;
  slotmesh::modules::Module* module;  // Null while none is known (a context for logging).
  Kind kind;
  bool auto_memory = false;
  slotmesh::node::Client* client;
  // Of the command that runs; null outside of commands.
  slotmesh::node::CommandContext* command = nullptr;
  slotmesh::node::Args request;  // The words of the command; empty outside of commands.
  // SelectDb's; the client's at first.
  int database = 0;
  // SetContextUser's: whose rules RM_Call goes by. Null: the client's.
  const RedisModuleUser* user = nullptr;

  std::vector<slotmesh::modules::AutoFreed> tracked;
  // Memory of PoolAlloc, which goes with the call.
  std::vector<void*> pool;
  // Replies whose length is still to come, the outermost first.
  std::vector<slotmesh::node::Reply::Deferred> open_replies;

  // A command with getkeys-api or getchannels-api is asked for its keys instead of being run: the
  // answer. Null otherwise.
  struct KeyQuestion;
  KeyQuestion* key_question = nullptr;

  // Callbacks of blocked clients.
  RedisModuleBlockedClient* blocked_client = nullptr;
  void* blocked_private_data = nullptr;
  RedisModuleString* blocked_ready_key = nullptr;
  bool is_reply_callback = false;
  bool is_timeout_callback = false;
  bool is_disconnect_callback = false;
};

struct RedisModuleCtx::KeyQuestion {
  struct Found {
    int word = 0;
    int flags = 0;  // REDISMODULE_CMD_KEY_*; REDISMODULE_CMD_CHANNEL_* of a channel.
  };
  bool channels = false;  // Asked for channels.
  std::vector<Found> found;
};

#endif  // SLOTMESH_MODULES_CONTEXT_H_
