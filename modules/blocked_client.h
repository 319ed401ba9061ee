// RedisModuleBlockedClient: a client whose command a module has begun and will end later.
//
// Made by the BlockClient functions, freed after UnblockClient (or AbortBlock): until then its
// module holds it, whatever becomes of the client. Engine thread, or whoever holds the lock; but
// for `replies`, into which the module's thread writes through its context without the lock, and
// `private_data` and the times, which are the module's to guard.
#ifndef SLOTMESH_MODULES_BLOCKED_CLIENT_H_
#define SLOTMESH_MODULES_BLOCKED_CLIENT_H_

#include <cstdint>
#include <string>

#include "modules/module.h"
#include "modules/sdk/abi.h"
#include "node/command/client.h"
#include "node/command/owned_args.h"

struct RedisModuleBlockedClient {
  RedisModuleBlockedClient(slotmesh::modules::Module& whose, uint64_t client_id)
      : module(whose), replies(client_id, nullptr) {}
  RedisModuleBlockedClient(const RedisModuleBlockedClient&) = delete;
  RedisModuleBlockedClient& operator=(const RedisModuleBlockedClient&) = delete;

  slotmesh::modules::Module& module;
  // Null: never blocked (in a transaction or script), gone, or answered already.
  slotmesh::node::Client* client = nullptr;
  uint64_t ticket = 0;
  const slotmesh::node::Command* command = nullptr;
  slotmesh::node::OwnedArgs request;
  int database = 0;

  RedisModuleCmdFunc reply_callback = nullptr;
  RedisModuleCmdFunc timeout_callback = nullptr;
  RedisModuleDisconnectFunc disconnect_callback = nullptr;
  RedisModuleAuthCallback login_callback = nullptr;  // Of one that is being logged in.
  void (*free_private_data)(RedisModuleCtx* ctx, void* data) = nullptr;
  void* private_data = nullptr;

  bool on_keys = false;
  bool on_login = false;
  bool unblocked = false;  // Waits for the engine to end it.
  // What thread-safe contexts reply.
  slotmesh::node::Client replies;

  // BlockedClientMeasureTime*.
  int64_t measuring_since_ns = 0;
  int64_t measured_ns = 0;
};

#endif  // SLOTMESH_MODULES_BLOCKED_CLIENT_H_
