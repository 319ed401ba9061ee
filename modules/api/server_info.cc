// What INFO says, field by field.
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "node/command/module_call.h"
#include "node/resp/numbers.h"

struct RedisModuleServerInfoData {
  std::map<std::string, std::string, std::less<>> fields;
};

namespace slotmesh::modules {
namespace {

// The text of INFO, as a client gets it.
std::string InfoText(RedisModuleCtx* ctx, const char* section) {
  Modules& modules = ctx->modules;
  std::unique_ptr<node::Client> client = modules.call_clients().Take();
  std::string_view words[] = {"INFO", section == nullptr ? "" : section};
  node::ModuleCall call;
  client->reply().set_protocol(node::Protocol::kResp2);
  (void)modules.host().dispatcher.ExecuteForModule(
      *client, node::Args(words, section == nullptr ? 1 : 2), call);
  std::string text = client->output.ToString();
  modules.call_clients().GiveBack(std::move(client));
  return text;
}

void FreeInfo(void* thing) { delete static_cast<RedisModuleServerInfoData*>(thing); }

RedisModuleServerInfoData* GetServerInfo(RedisModuleCtx* ctx, const char* section) noexcept {
  auto* info = new RedisModuleServerInfoData;
  const std::string text = InfoText(ctx, section);
  std::string_view rest = text;
  // The first line is the reply's length.
  for (size_t end = rest.find("\r\n"); end != std::string_view::npos; end = rest.find("\r\n")) {
    rest.remove_prefix(end + 2);
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    const size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    info->fields.insert_or_assign(std::string(line.substr(0, colon)),
                                  std::string(line.substr(colon + 1)));
  }
  ctx->Track(info, &FreeInfo);
  return info;
}

void FreeServerInfo(RedisModuleCtx* ctx, RedisModuleServerInfoData* info) noexcept {
  if (info == nullptr) return;
  if (ctx != nullptr) ctx->Untrack(info);
  FreeInfo(info);
}

// Null if there is none.
const char* ServerInfoGetFieldC(RedisModuleServerInfoData* info, const char* field) noexcept {
  const auto found = info->fields.find(field);
  return found == info->fields.end() ? nullptr : found->second.c_str();
}
RedisModuleString* ServerInfoGetField(RedisModuleCtx* ctx, RedisModuleServerInfoData* info,
                                      const char* field) noexcept {
  const char* text = ServerInfoGetFieldC(info, field);
  return text == nullptr ? nullptr : TrackString(ctx, new RedisModuleString(std::string(text)));
}

// The number in a field; 0, and *error set, if there is none.
template <typename Number, typename Parse>
Number NumberOf(RedisModuleServerInfoData* info, const char* field, int* error, Parse parse) {
  const char* text = ServerInfoGetFieldC(info, field);
  std::optional<Number> number;
  if (text != nullptr) number = parse(text);
  if (error != nullptr) *error = number ? REDISMODULE_OK : REDISMODULE_ERR;
  return number.value_or(0);
}
long long ServerInfoGetFieldSigned(RedisModuleServerInfoData* info, const char* field,
                                   int* error) noexcept {
  return NumberOf<long long>(info, field, error,
                             [](const char* text) { return node::ParseInt64(text); });
}
unsigned long long ServerInfoGetFieldUnsigned(RedisModuleServerInfoData* info, const char* field,
                                              int* error) noexcept {
  return NumberOf<unsigned long long>(info, field, error,
                                      [](const char* text) { return node::ParseUint64(text); });
}
double ServerInfoGetFieldDouble(RedisModuleServerInfoData* info, const char* field,
                                int* error) noexcept {
  return NumberOf<double>(info, field, error,
                          [](const char* text) { return node::ParseDouble(text); });
}

const ApiEntry kFunctions[] = {
    {"GetServerInfo", &GetServerInfo},
    {"FreeServerInfo", &FreeServerInfo},
    {"ServerInfoGetFieldC", &ServerInfoGetFieldC},
    {"ServerInfoGetField", &ServerInfoGetField},
    {"ServerInfoGetFieldSigned", &ServerInfoGetFieldSigned},
    {"ServerInfoGetFieldUnsigned", &ServerInfoGetFieldUnsigned},
    {"ServerInfoGetFieldDouble", &ServerInfoGetFieldDouble},
};

}  // namespace

ApiGroup ServerInfoFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
