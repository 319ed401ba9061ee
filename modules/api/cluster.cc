// The cluster as modules see it: nodes, slots, and messages between modules of one name on
// different nodes.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/api/groups.h"
#include "modules/cluster_view.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "slots/hash_slot.h"

namespace slotmesh::modules {
namespace {

constexpr size_t kAddressBytes = 46;  // What a module has room for.

// A message: the module's name behind its length, the type, the payload.
struct Message {
  std::string_view module;
  uint8_t type = 0;
  std::string_view payload;
};

std::string Encode(const Message& message) {
  std::string bytes(1, static_cast<char>(message.module.size()));
  bytes += message.module;
  bytes += static_cast<char>(message.type);
  return bytes += message.payload;
}

std::optional<Message> Decode(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const size_t name = static_cast<uint8_t>(bytes[0]);
  if (bytes.size() < name + 2) return std::nullopt;
  return Message{bytes.substr(1, name), static_cast<uint8_t>(bytes[name + 1]),
                 bytes.substr(name + 2)};
}

// Of each slot a short key that lies in it.
std::vector<std::string> NamesOfSlots() {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::vector<std::string> names(slots::kSlotCount);
  size_t missing = names.size();
  for (size_t number = 0; missing > 0; ++number) {
    std::string name;
    for (size_t rest = number; rest > 0 || name.empty(); rest /= kDigits.size()) {
      name += kDigits[rest % kDigits.size()];
    }
    std::string& place = names[slots::HashSlot(name)];
    if (!place.empty()) continue;
    place = std::move(name);
    --missing;
  }
  return names;
}

class ClusterPart : public ModulePart {
 public:
  explicit ClusterPart(Modules& modules) : modules_(modules) {}

  void Forget(Module& module) override {
    std::erase_if(receivers_, [&](const Receiver& one) { return one.module == &module; });
  }

  // Null outside cluster mode.
  ClusterView* view() const {
    return modules_.host().cluster ? modules_.host().cluster() : nullptr;
  }

  void Register(Module* module, uint8_t type, RedisModuleClusterMessageReceiver callback) {
    std::erase_if(receivers_,
                  [&](const Receiver& one) { return one.module == module && one.type == type; });
    if (callback == nullptr || view() == nullptr) return;
    receivers_.push_back({module, type, callback});
    view()->OnMessage([this](std::string_view sender, std::string_view bytes) {
      Receive(std::string(sender), bytes);
    });
  }

  // Null: there is no such slot.
  const char* NameOf(unsigned int slot) {
    if (slot >= slots::kSlotCount) return nullptr;
    if (names_.empty()) names_ = NamesOfSlots();
    return names_[slot].c_str();
  }
  const std::string& self_id() {
    if (self_id_.empty()) self_id_ = view()->self_id();
    return self_id_;
  }

 private:
  struct Receiver {
    Module* module = nullptr;
    uint8_t type = 0;
    RedisModuleClusterMessageReceiver callback = nullptr;
  };

  void Receive(const std::string& sender, std::string_view bytes) {
    const std::optional<Message> message = Decode(bytes);
    if (!message.has_value()) return;
    const auto receiver =
        std::find_if(receivers_.begin(), receivers_.end(), [&](const Receiver& one) {
          return one.module->name == message->module && one.type == message->type;
        });
    if (receiver == receivers_.end()) return;
    const Receiver to = *receiver;
    modules_.RunOutsideRequests([&] {
      modules_.CallBack(to.module, [&](RedisModuleCtx& ctx) {
        to.callback(&ctx, sender.c_str(), to.type,
                    reinterpret_cast<const unsigned char*>(message->payload.data()),
                    static_cast<uint32_t>(message->payload.size()));
      });
    });
  }

  Modules& modules_;
  std::vector<Receiver> receivers_;
  std::vector<std::string> names_;
  std::string self_id_;
};

ClusterView* View() { return TheModules().part<ClusterPart>().view(); }

const char* GetMyClusterID() noexcept {
  return View() == nullptr ? nullptr : TheModules().part<ClusterPart>().self_id().c_str();
}

size_t GetClusterSize() noexcept { return View() == nullptr ? 0 : View()->Nodes().size(); }

// Ids without a zero at their end; the list ends with a null.
char** GetClusterNodesList(RedisModuleCtx*, size_t* count) noexcept {
  *count = 0;
  if (View() == nullptr) return nullptr;
  const std::vector<ClusterView::Node> nodes = View()->Nodes();
  auto** ids = static_cast<char**>(std::calloc(nodes.size() + 1, sizeof(char*)));
  for (size_t i = 0; i < nodes.size(); ++i) {
    ids[i] = static_cast<char*>(std::malloc(REDISMODULE_NODE_ID_LEN));
    std::memcpy(ids[i], nodes[i].id.data(), REDISMODULE_NODE_ID_LEN);
  }
  *count = nodes.size();
  return ids;
}

void FreeClusterNodesList(char** ids) noexcept {
  if (ids == nullptr) return;
  for (char** id = ids; *id != nullptr; ++id) std::free(*id);
  std::free(ids);
}

int FlagsOf(const ClusterView::Node& node, const node::Config& config) {
  int flags = node.primary_id.empty() ? REDISMODULE_NODE_MASTER : REDISMODULE_NODE_SLAVE;
  if (node.self) flags |= REDISMODULE_NODE_MYSELF;
  if (node.suspected) flags |= REDISMODULE_NODE_PFAIL;
  if (node.failed) flags |= REDISMODULE_NODE_FAIL;
  if (node.self && config.cluster_replica_no_failover) flags |= REDISMODULE_NODE_NOFAILOVER;
  return flags;
}

int GetClusterNodeInfo(RedisModuleCtx* ctx, const char* id, char* ip, char* primary_id, int* port,
                       int* flags) noexcept {
  if (View() == nullptr) return REDISMODULE_ERR;
  const std::string_view wanted(id, strnlen(id, REDISMODULE_NODE_ID_LEN));
  for (const ClusterView::Node& node : View()->Nodes()) {
    if (node.id != wanted) continue;
    if (ip != nullptr) {
      std::memset(ip, 0, kAddressBytes);
      std::memcpy(ip, node.ip.data(), std::min(node.ip.size(), kAddressBytes - 1));
    }
    if (primary_id != nullptr) {
      std::memset(primary_id, 0, REDISMODULE_NODE_ID_LEN);
      std::memcpy(primary_id, node.primary_id.data(), node.primary_id.size());
    }
    if (port != nullptr) *port = node.port;
    if (flags != nullptr) *flags = FlagsOf(node, ctx->engine().config);
    return REDISMODULE_OK;
  }
  return REDISMODULE_ERR;
}

// All clients are shown the same addresses.
int GetClusterNodeInfoForClient(RedisModuleCtx* ctx, uint64_t, const char* id, char* ip,
                                char* primary_id, int* port, int* flags) noexcept {
  return GetClusterNodeInfo(ctx, id, ip, primary_id, port, flags);
}

unsigned int ClusterKeySlot(RedisModuleString* key) noexcept {
  return slots::HashSlot(key->view());
}

const char* ClusterCanonicalKeyNameInSlot(unsigned int slot) noexcept {
  return TheModules().part<ClusterPart>().NameOf(slot);
}

// Where keys are is not a module's to say: only failover can be turned off.
void SetClusterFlags(RedisModuleCtx* ctx, uint64_t flags) noexcept {
  if (View() == nullptr) return;
  View()->AllowFailover((flags & REDISMODULE_CLUSTER_FLAG_NO_FAILOVER) == 0);
  if ((flags & REDISMODULE_CLUSTER_FLAG_NO_REDIRECTION) != 0) {
    ctx->LogWarning("SetClusterFlags: redirections cannot be turned off; they stay.");
  }
}

int SendClusterMessage(RedisModuleCtx* ctx, const char* target, uint8_t type, const char* bytes,
                       uint32_t size) noexcept {
  if (View() == nullptr) return REDISMODULE_ERR;
  const std::string message = Encode({ctx->module->name, type, {bytes, size}});
  if (target != nullptr) {
    const std::string_view id(target, strnlen(target, REDISMODULE_NODE_ID_LEN));
    return View()->Send(id, message) ? REDISMODULE_OK : REDISMODULE_ERR;
  }
  for (const ClusterView::Node& node : View()->Nodes()) {
    if (!node.self) (void)View()->Send(node.id, message);
  }
  return REDISMODULE_OK;
}

void RegisterClusterMessageReceiver(RedisModuleCtx* ctx, uint8_t type,
                                    RedisModuleClusterMessageReceiver callback) noexcept {
  ctx->modules.part<ClusterPart>().Register(ctx->module, type, callback);
}

const ApiEntry kFunctions[] = {
    {"GetMyClusterID", &GetMyClusterID},
    {"GetClusterSize", &GetClusterSize},
    {"GetClusterNodesList", &GetClusterNodesList},
    {"FreeClusterNodesList", &FreeClusterNodesList},
    {"GetClusterNodeInfo", &GetClusterNodeInfo},
    {"GetClusterNodeInfoForClient", &GetClusterNodeInfoForClient},
    {"ClusterKeySlot", &ClusterKeySlot},
    {"ClusterCanonicalKeyNameInSlot", &ClusterCanonicalKeyNameInSlot},
    {"SetClusterFlags", &SetClusterFlags},
    {"SendClusterMessage", &SendClusterMessage},
    {"RegisterClusterMessageReceiver", &RegisterClusterMessageReceiver},
};

}  // namespace

ApiGroup ClusterFunctions() { return kFunctions; }

void AddClusterPart(Modules& modules) { modules.AddPart(std::make_unique<ClusterPart>(modules)); }

}  // namespace slotmesh::modules
