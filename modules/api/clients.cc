// Clients: who calls, and who else is connected.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "node/resp/numbers.h"

namespace slotmesh::modules {
namespace {

constexpr uint64_t kInfoVersion = 1;

unsigned long long GetClientId(RedisModuleCtx* ctx) noexcept {
  return ctx->client == nullptr ? 0 : ctx->client->id();
}

node::Client* FindClient(uint64_t id) {
  node::Client* client = TheModules().host().clients.Find(id);
  errno = client == nullptr ? ENOENT : 0;
  return client;
}

uint64_t FlagsOf(const node::Client& client) {
  uint64_t flags = 0;
  if (client.subscriptions != nullptr) flags |= REDISMODULE_CLIENTINFO_FLAG_PUBSUB;
  if (client.blocked != 0) flags |= REDISMODULE_CLIENTINFO_FLAG_BLOCKED;
  if (client.tracking != nullptr) flags |= REDISMODULE_CLIENTINFO_FLAG_TRACKING;
  if (client.unix_socket) flags |= REDISMODULE_CLIENTINFO_FLAG_UNIXSOCKET;
  const node::Engine& engine = TheModules().engine();
  const bool runs = engine.in_exec && engine.running.client == &client;
  if (client.transaction.active || runs) flags |= REDISMODULE_CLIENTINFO_FLAG_MULTI;
  return flags;
}

// "ip:port"; an IPv6 address stands in brackets.
void SplitAddress(std::string_view address, RedisModuleClientInfo* info) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return;
  info->port = static_cast<uint16_t>(node::ParseInt64(address.substr(colon + 1)).value_or(0));
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const size_t size = std::min(host.size(), sizeof(info->addr) - 1);
  std::memcpy(info->addr, host.data(), size);
  info->addr[size] = '\0';
}

// A null `out` asks whether the client exists.
int GetClientInfoById(void* out, uint64_t id) noexcept {
  const node::Client* client = FindClient(id);
  if (client == nullptr) return REDISMODULE_ERR;
  if (out == nullptr) return REDISMODULE_OK;
  auto* info = static_cast<RedisModuleClientInfo*>(out);
  if (info->version != kInfoVersion) return REDISMODULE_ERR;
  *info = {};
  info->version = kInfoVersion;
  info->flags = FlagsOf(*client);
  info->id = client->id();
  info->db = static_cast<uint16_t>(client->database);
  SplitAddress(client->address, info);
  return REDISMODULE_OK;
}

RedisModuleString* GetClientNameById(RedisModuleCtx* ctx, uint64_t id) noexcept {
  const node::Client* client = FindClient(id);
  if (client == nullptr || client->name.empty()) return nullptr;
  return TrackString(ctx, new RedisModuleString(std::string_view(client->name)));
}

// A null name takes it away.
int SetClientNameById(uint64_t id, RedisModuleString* name) noexcept {
  node::Client* client = FindClient(id);
  if (client == nullptr) return REDISMODULE_ERR;
  const std::string_view text = name == nullptr ? std::string_view() : name->view();
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; })) {
    errno = EINVAL;
    return REDISMODULE_ERR;
  }
  client->name = text;
  return REDISMODULE_OK;
}

// Clients bring none: connections are not encrypted here.
RedisModuleString* GetClientCertificate(RedisModuleCtx*, uint64_t) noexcept { return nullptr; }

const ApiEntry kFunctions[] = {
    {"GetClientId", &GetClientId},
    {"GetClientInfoById", &GetClientInfoById},
    {"GetClientNameById", &GetClientNameById},
    {"SetClientNameById", &SetClientNameById},
    {"GetClientCertificate", &GetClientCertificate},
};

}  // namespace

ApiGroup ClientFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
