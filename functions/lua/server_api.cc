#include "functions/lua/server_api.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "functions/lua/values.h"
#include "functions/sha1_hex.h"
#include "node/command/access_control.h"
#include "node/command/registry.h"
#include "slots/strings.h"

namespace slotmesh::functions::lua {
namespace {

constexpr std::string_view kNoWords = "ERR Please specify at least one argument for this call";
constexpr std::string_view kBadWords = "ERR Command arguments must be strings or integers";
constexpr std::string_view kBadArguments = "ERR wrong number or type of arguments";
// What clients take slotmesh for.
constexpr char kCompatibleVersion[] = "7.2.4";
constexpr int kCompatibleNumber = 0x00070204;

// "1.2.3" as 0x00010203.
int VersionNumber(std::string_view version) {
  int number = 0;
  const char* at = version.data();
  const char* const end = at + version.size();
  for (int part = 0; part < 3; ++part) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    number = number << 8 | (error == std::errc() ? value & 0xff : 0);
    at = next < end ? next + 1 : end;
  }
  return number;
}

int Sha1Hex(lua_State* L) {
  if (lua_gettop(L) != 1) return RaiseError(L, "ERR wrong number of arguments");
  const Sha1Text digest = functions::Sha1Hex(StringAt(L, 1));
  lua_pushlstring(L, digest.data(), digest.size());
  return 1;
}

// {field=text}; of the wrong arguments, an error's table, which is returned and not raised.
int TextTable(lua_State* L, const char* field) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
    PushError(L, kBadArguments);
    return 1;
  }
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, field);
  return 1;
}

int StatusReply(lua_State* L) { return TextTable(L, "ok"); }

int ErrorReply(lua_State* L) {
  if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) return TextTable(L, "err");
  const std::string_view text = StringAt(L, 1);
  if (text.empty()) {
    PushError(L, "ERR ");
  } else {
    PushError(L, text);
  }
  return 1;
}

int ReplicateCommands(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

int Breakpoint(lua_State* L) {
  lua_pushboolean(L, 0);
  return 1;
}

int Debug(lua_State*) { return 0; }

}  // namespace

void ServerApi::Begin(const CallRequest& request) {
  request_ = &request;
  request.inner.reply().set_protocol(node::Protocol::kResp2);
}

void ServerApi::AddFunction(lua_State* L, const char* name, lua_CFunction function) {
  lua_pushlightuserdata(L, this);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

void ServerApi::AddConstants(lua_State* L) {
  const auto number = [&](const char* name, int value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
  };
  const auto text = [&](const char* name, std::string_view value) {
    PushString(L, value);
    lua_setfield(L, -2, name);
  };
  number("LOG_DEBUG", 0);
  number("LOG_VERBOSE", 1);
  number("LOG_NOTICE", 2);
  number("LOG_WARNING", 3);
  text("REDIS_VERSION", kCompatibleVersion);
  number("REDIS_VERSION_NUM", kCompatibleNumber);
  text("SERVER_NAME", "slotmesh");
  text("SERVER_VERSION", host_.version);
  number("SERVER_VERSION_NUM", VersionNumber(host_.version));
}

void ServerApi::InstallForLoading(lua_State* L) {
  AddConstants(L);
  AddFunction(L, "log", &Log);
}

void ServerApi::Install(lua_State* L) {
  InstallForLoading(L);
  AddFunction(L, "call", &Call);
  AddFunction(L, "pcall", &PCall);
  AddFunction(L, "sha1hex", &Sha1Hex);
  AddFunction(L, "status_reply", &StatusReply);
  AddFunction(L, "error_reply", &ErrorReply);
  AddFunction(L, "setresp", &SetResp);
  AddFunction(L, "set_repl", &SetRepl);
  AddFunction(L, "replicate_commands", &ReplicateCommands);
  AddFunction(L, "acl_check_cmd", &AclCheckCommand);
  AddFunction(L, "breakpoint", &Breakpoint);
  AddFunction(L, "debug", &Debug);
  const std::pair<const char*, int> kTargets[] = {
      {"REPL_NONE", static_cast<int>(node::Audience::kNobody)},
      {"REPL_AOF", static_cast<int>(node::Audience::kFiles)},
      {"REPL_SLAVE", static_cast<int>(node::Audience::kReplicas)},
      {"REPL_REPLICA", static_cast<int>(node::Audience::kReplicas)},
      {"REPL_ALL", static_cast<int>(node::Audience::kAll)},
  };
  for (const auto& [name, value] : kTargets) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
  }
}

bool ServerApi::TakeWords(lua_State* L) {
  const int count = lua_gettop(L);
  args_.resize(static_cast<size_t>(count));
  for (int i = 1; i <= count; ++i) {
    const int type = lua_type(L, i);
    if (type == LUA_TNUMBER) {
      // Lua's own text of a number loses digits.
      const double number = lua_tonumber(L, i);
      const auto whole = static_cast<int64_t>(std::abs(number) < 1e18 ? number : 0);
      char text[32];
      char* end = text;
      if (static_cast<double>(whole) == number) {
        end = std::to_chars(text, text + sizeof(text), whole).ptr;
      } else {
        end = text + std::snprintf(text, sizeof(text), "%.17g", number);
      }
      lua_pushlstring(L, text, static_cast<size_t>(end - text));
      lua_replace(L, i);
    } else if (type != LUA_TSTRING) {
      return false;
    }
    args_[i - 1] = StringAt(L, i);
  }
  return true;
}

bool ServerApi::RunCommand(lua_State* L) {
  if (lua_gettop(L) == 0) {
    PushError(L, kNoWords);
    return true;
  }
  if (!TakeWords(L)) {
    PushError(L, kBadWords);
    return true;
  }
  node::Client& inner = request_->inner;
  (void)host_.dispatcher.Execute(inner, args_, node::RequestOrigin::kScript);
  // Room for the reply, where there were many words.
  lua_settop(L, 0);
  std::array<std::string_view, 2> parts;
  std::string_view resp;
  if (inner.output.Peek(absl::MakeSpan(parts)) == 1) [[likely]] {
    resp = parts[0];
  } else {
    joined_ = inner.output.ToString();
    resp = joined_;
  }
  const bool error = PushReply(L, resp);
  inner.output.Clear();
  if (!joined_.empty()) std::string().swap(joined_);
  return error;
}

int ServerApi::Call(lua_State* L) { return Of(L).RunCommand(L) ? lua_error(L) : 1; }

int ServerApi::PCall(lua_State* L) {
  (void)Of(L).RunCommand(L);
  return 1;
}

int ServerApi::AclCheckCommand(lua_State* L) {
  ServerApi& api = Of(L);
  if (lua_gettop(L) == 0) return RaiseError(L, kNoWords);
  if (!api.TakeWords(L)) return RaiseError(L, kBadWords);
  const node::Command* command = api.host_.engine.registry.Resolve(api.args_);
  if (command == nullptr) {
    return RaiseError(L, "ERR Invalid command passed to server.acl_check_cmd()");
  }
  const node::AclUser* user = api.request_->inner.user.get();
  const bool allowed =
      user == nullptr || node::AccessControl::Check(*user, *command, api.args_).allowed();
  lua_pushboolean(L, static_cast<int>(allowed));
  return 1;
}

int ServerApi::Log(lua_State* L) {
  const int count = lua_gettop(L);
  if (count < 2) return RaiseError(L, "ERR server.log() requires two arguments or more.");
  if (lua_isnumber(L, 1) == 0) {
    return RaiseError(L, "ERR First argument must be a number (log level).");
  }
  const lua_Number level = lua_tonumber(L, 1);
  if (level < 0 || level > 3) return RaiseError(L, "ERR Invalid debug level.");
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 2; i <= count; ++i) {
    const std::string_view part = StringAt(L, i);
    if (i > 2 && !part.empty()) luaL_addchar(&line, ' ');
    luaL_addlstring(&line, part.data(), part.size());
  }
  luaL_pushresult(&line);
  Of(L).host_.log.Write(static_cast<node::Log::Severity>(static_cast<int>(level)), StringAt(L, -1));
  return 0;
}

int ServerApi::SetResp(lua_State* L) {
  if (lua_gettop(L) != 1) {
    return RaiseError(L, "ERR server.setresp() requires one argument.");
  }
  const lua_Number version = lua_tonumber(L, 1);
  if (version != 2 && version != 3) return RaiseError(L, "ERR RESP version must be 2 or 3.");
  Of(L).request_->inner.reply().set_protocol(version == 3 ? node::Protocol::kResp3
                                                          : node::Protocol::kResp2);
  return 0;
}

int ServerApi::SetRepl(lua_State* L) {
  if (lua_gettop(L) != 1) {
    return RaiseError(L, "ERR server.set_repl() requires one argument.");
  }
  const lua_Number flags = lua_tonumber(L, 1);
  if (flags < 0 || flags > static_cast<int>(node::Audience::kAll)) {
    return RaiseError(
        L, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  }
  Of(L).request_->run.audience = static_cast<node::Audience>(static_cast<int>(flags));
  return 0;
}

}  // namespace slotmesh::functions::lua
