#include "functions/lua/values.h"

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "node/resp/numbers.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::functions::lua {
namespace {

constexpr std::string_view kStackLimit = "ERR reached lua stack limit";
// Slots of Lua's stack that one level of a value takes.
constexpr int kSlotsPerLevel = 4;

// Reads RESP that this process has just written, so it is whole and well-formed.
class ReplyPusher {
 public:
  ReplyPusher(lua_State* L, std::string_view resp) : L_(L), at_(resp.data()) {}

  // The kind of what was pushed.
  char Push();

 private:
  std::string_view Line() {
    const char* begin = at_;
    while (*at_ != '\r') ++at_;
    const std::string_view line(begin, static_cast<size_t>(at_ - begin));
    at_ += 2;
    return line;
  }
  int64_t Number() { return node::ParseInt64(Line()).value_or(0); }
  std::string_view Bytes(int64_t size) {
    const std::string_view bytes(at_, static_cast<size_t>(size));
    at_ += size + 2;
    return bytes;
  }

  void Bulk();
  void Array();
  void Map();
  void Set();
  void Verbatim();
  void Attribute();
  // {name=value}, of the value on top.
  void Wrap(const char* name);

  lua_State* L_;
  const char* at_;
};

void ReplyPusher::Wrap(const char* name) {
  lua_createtable(L_, 0, 1);
  lua_insert(L_, -2);
  lua_setfield(L_, -2, name);
}

void ReplyPusher::Bulk() {
  const int64_t size = Number();
  if (size < 0) return lua_pushboolean(L_, 0);
  PushString(L_, Bytes(size));
}

void ReplyPusher::Array() {
  const int64_t size = Number();
  if (size < 0) return lua_pushboolean(L_, 0);
  lua_createtable(L_, static_cast<int>(size), 0);
  for (int i = 1; i <= size; ++i) {
    Push();
    lua_rawseti(L_, -2, i);
  }
}

void ReplyPusher::Map() {
  const int64_t size = Number();
  lua_createtable(L_, 0, static_cast<int>(size));
  for (int64_t i = 0; i < size; ++i) {
    Push();
    Push();
    lua_rawset(L_, -3);
  }
  Wrap("map");
}

void ReplyPusher::Set() {
  const int64_t size = Number();
  lua_createtable(L_, 0, static_cast<int>(size));
  for (int64_t i = 0; i < size; ++i) {
    Push();
    lua_pushboolean(L_, 1);
    lua_rawset(L_, -3);
  }
  Wrap("set");
}

void ReplyPusher::Verbatim() {
  constexpr size_t kFormatSize = 3;
  const std::string_view bytes = Bytes(Number());
  lua_createtable(L_, 0, 2);
  PushString(L_, bytes.substr(0, kFormatSize));
  lua_setfield(L_, -2, "format");
  PushString(L_, bytes.substr(kFormatSize + 1));
  lua_setfield(L_, -2, "string");
  Wrap("verbatim_string");
}

void ReplyPusher::Attribute() {
  for (int64_t left = 2 * Number(); left > 0; --left) {
    Push();
    lua_pop(L_, 1);
  }
}

char ReplyPusher::Push() {
  luaL_checkstack(L_, kSlotsPerLevel, "reply");
  const char kind = *at_++;
  switch (kind) {
    case ':':
      lua_pushnumber(L_, static_cast<lua_Number>(Number()));
      break;
    case '$':
      Bulk();
      break;
    case '+':
      PushString(L_, Line());
      Wrap("ok");
      break;
    case '-':
      PushString(L_, Line());
      Wrap("err");
      lua_pushboolean(L_, 1);
      lua_setfield(L_, -2, kCountedField);
      break;
    case '*':
    case '>':
      Array();
      break;
    case '%':
      Map();
      break;
    case '~':
      Set();
      break;
    case '_':
      (void)Line();
      lua_pushnil(L_);
      break;
    case '#':
      lua_pushboolean(L_, Line() == "t");
      break;
    case ',':
      lua_pushnumber(L_, std::strtod(std::string(Line()).c_str(), nullptr));
      Wrap("double");
      break;
    case '(':
      PushString(L_, Line());
      Wrap("big_number");
      break;
    case '=':
      Verbatim();
      break;
    case '|':
      Attribute();
      return Push();
    default:
      CHECK(false);
  }
  return kind;
}

class ReplyWriter {
 public:
  ReplyWriter(lua_State* L, bool script_resp3, node::Reply& reply)
      : L_(L), script_resp3_(script_resp3), reply_(reply) {}

  // The value on top; pops it.
  void Write();
  bool has_counted_error() const { return has_counted_error_; }

 private:
  void Boolean();
  void Number();
  void Table();
  void Array();
  void Error();
  void Pairs(bool with_values);
  bool VerbatimString();
  // Pushes the table's own field; false, with nothing pushed, if it is of another type.
  bool Field(const char* name, int type);

  lua_State* L_;
  bool script_resp3_;
  node::Reply& reply_;
  bool has_counted_error_ = false;
};

bool ReplyWriter::Field(const char* name, int type) {
  lua_pushstring(L_, name);
  lua_rawget(L_, -2);
  if (lua_type(L_, -1) == type) return true;
  lua_pop(L_, 1);
  return false;
}

void ReplyWriter::Boolean() {
  const bool value = lua_toboolean(L_, -1) != 0;
  if (script_resp3_) {
    reply_.Bool(value);
  } else if (value) {
    reply_.Integer(1);
  } else {
    reply_.Null();
  }
}

// Cut to an integer, as clients know it.
void ReplyWriter::Number() {
  constexpr double kBeyond = 9223372036854775808.0;
  const double value = lua_tonumber(L_, -1);
  const bool fits = value >= -kBeyond && value < kBeyond;
  reply_.Integer(fits ? static_cast<int64_t>(value) : std::numeric_limits<int64_t>::min());
}

void ReplyWriter::Error() {
  const std::string_view text = StringAt(L_, -1);
  reply_.Error(text.starts_with('-') ? std::string(text) : StrCat("-", text));
  lua_pop(L_, 1);
  if (Field(kCountedField, LUA_TBOOLEAN)) {
    if (lua_toboolean(L_, -1) != 0) {
      reply_.ClearErrors();
      has_counted_error_ = true;
    }
    lua_pop(L_, 1);
  }
}

bool ReplyWriter::VerbatimString() {
  if (!Field("verbatim_string", LUA_TTABLE)) return false;
  bool written = false;
  if (Field("string", LUA_TSTRING)) {
    lua_insert(L_, -2);
    if (Field("format", LUA_TSTRING)) {
      std::string format(StringAt(L_, -1));
      format.resize(3, ' ');
      reply_.Verbatim(format, StringAt(L_, -3));
      written = true;
      lua_pop(L_, 1);
    }
    lua_pop(L_, 1);
  }
  lua_pop(L_, 1);
  return written;
}

void ReplyWriter::Pairs(bool with_values) {
  const node::Reply::Deferred length = with_values ? reply_.DeferMap() : reply_.DeferSet();
  size_t count = 0;
  lua_pushnil(L_);
  while (lua_next(L_, -2) != 0) {
    ++count;
    lua_pushvalue(L_, -2);
    Write();
    if (with_values) {
      Write();
    } else {
      lua_pop(L_, 1);
    }
  }
  lua_pop(L_, 1);
  reply_.Finish(length, count);
}

void ReplyWriter::Array() {
  const node::Reply::Deferred length = reply_.DeferArray();
  int count = 0;
  for (;; ++count) {
    lua_rawgeti(L_, -1, count + 1);
    if (lua_isnil(L_, -1)) break;
    Write();
  }
  lua_pop(L_, 1);
  reply_.Finish(length, static_cast<size_t>(count));
}

void ReplyWriter::Table() {
  if (Field("err", LUA_TSTRING)) return Error();
  if (Field("ok", LUA_TSTRING)) {
    reply_.Simple(StringAt(L_, -1));
  } else if (Field("double", LUA_TNUMBER)) {
    reply_.Double(lua_tonumber(L_, -1));
  } else if (Field("map", LUA_TTABLE)) {
    return Pairs(/*with_values=*/true);
  } else if (Field("set", LUA_TTABLE)) {
    return Pairs(/*with_values=*/false);
  } else if (Field("big_number", LUA_TSTRING)) {
    std::string digits(StringAt(L_, -1));
    for (char& c : digits) c = c == '\r' || c == '\n' ? ' ' : c;
    reply_.BigNumber(digits);
  } else {
    if (!VerbatimString()) Array();
    return;
  }
  lua_pop(L_, 1);
}

void ReplyWriter::Write() {
  if (lua_checkstack(L_, kSlotsPerLevel) == 0) {
    reply_.Error(kStackLimit);
    lua_pop(L_, 1);
    return;
  }
  switch (lua_type(L_, -1)) {
    case LUA_TSTRING:
      reply_.Bulk(StringAt(L_, -1));
      break;
    case LUA_TBOOLEAN:
      Boolean();
      break;
    case LUA_TNUMBER:
      Number();
      break;
    case LUA_TTABLE:
      Table();
      break;
    default:
      reply_.Null();
  }
  lua_pop(L_, 1);
}

}  // namespace

bool PushReply(lua_State* L, std::string_view resp) { return ReplyPusher(L, resp).Push() == '-'; }

void PushError(lua_State* L, std::string_view text) {
  lua_createtable(L, 0, 1);
  if (text.starts_with('-')) {
    PushString(L, text.substr(1));
  } else {
    PushString(L, text);
  }
  lua_setfield(L, -2, "err");
}

int RaiseError(lua_State* L, std::string_view text) {
  PushError(L, text);
  return lua_error(L);
}

bool WriteReply(lua_State* L, bool script_resp3, node::Reply& reply) {
  ReplyWriter writer(L, script_resp3, reply);
  writer.Write();
  return writer.has_counted_error();
}

}  // namespace slotmesh::functions::lua
