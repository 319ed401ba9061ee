#include "functions/lua/cmsgpack.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>

#include "absl/types/span.h"

namespace slotmesh::functions::lua {
namespace {

// First bytes. Below 0x80 and from 0xe0 on: small integers.
enum Mark : uint8_t {
  kFixMap = 0x80,
  kFixArray = 0x90,
  kFixString = 0xa0,
  kNil = 0xc0,
  kFalse = 0xc2,
  kTrue = 0xc3,
  kBin8 = 0xc4,
  kBin16 = 0xc5,
  kBin32 = 0xc6,
  kFloat = 0xca,
  kDouble = 0xcb,
  kUint8 = 0xcc,
  kUint16 = 0xcd,
  kUint32 = 0xce,
  kUint64 = 0xcf,
  kInt8 = 0xd0,
  kInt16 = 0xd1,
  kInt32 = 0xd2,
  kInt64 = 0xd3,
  kString8 = 0xd9,
  kString16 = 0xda,
  kString32 = 0xdb,
  kArray16 = 0xdc,
  kArray32 = 0xdd,
  kMap16 = 0xde,
  kMap32 = 0xdf,
};

// Packs into a luaL_Buffer, so that an error of the interpreter leaves nothing behind. While it is
// at work the buffer owns the top of the stack; values are at fixed indices below.
class Packer {
 public:
  explicit Packer(luaL_Buffer* out) : out_(out) {}

  void Byte(int byte) { luaL_addchar(out_, static_cast<char>(byte)); }
  void BigEndian(uint64_t value, int bytes) {
    while (bytes-- > 0) Byte(static_cast<int>(value >> (8 * bytes) & 0xff));
  }

  void Integer(int64_t value) {
    const auto bits = static_cast<uint64_t>(value);
    if (value >= 0) {
      if (value < 0x80) return Byte(static_cast<int>(value));
      if (value <= 0xff) return Tagged(kUint8, bits, 1);
      if (value <= 0xffff) return Tagged(kUint16, bits, 2);
      if (value <= 0xffffffffLL) return Tagged(kUint32, bits, 4);
      return Tagged(kUint64, bits, 8);
    }
    if (value >= -32) return Byte(static_cast<int>(bits & 0xff));
    if (value >= INT8_MIN) return Tagged(kInt8, bits, 1);
    if (value >= INT16_MIN) return Tagged(kInt16, bits, 2);
    if (value >= INT32_MIN) return Tagged(kInt32, bits, 4);
    Tagged(kInt64, bits, 8);
  }

  void Number(double value) {
    constexpr double kBeyond = 9223372036854775808.0;
    if (value == std::floor(value) && value >= -kBeyond && value < kBeyond) {
      return Integer(static_cast<int64_t>(value));
    }
    const auto narrow = static_cast<float>(value);
    if (static_cast<double>(narrow) == value) {
      return Tagged(kFloat, std::bit_cast<uint32_t>(narrow), 4);
    }
    Tagged(kDouble, std::bit_cast<uint64_t>(value), 8);
  }

  void String(std::string_view bytes) {
    const size_t size = bytes.size();
    if (size < 32) {
      Byte(kFixString | static_cast<int>(size));
    } else if (size <= 0xff) {
      Tagged(kString8, size, 1);
    } else if (size <= 0xffff) {
      Tagged(kString16, size, 2);
    } else {
      Tagged(kString32, size, 4);
    }
    luaL_addlstring(out_, bytes.data(), bytes.size());
  }

  void Header(Mark fixed, Mark wide, size_t count) {
    if (count < 16) return Byte(fixed | static_cast<int>(count));
    if (count <= 0xffff) return Tagged(wide, count, 2);
    Tagged(wide + 1, count, 4);
  }

 private:
  void Tagged(int mark, uint64_t bits, int bytes) {
    Byte(mark);
    BigEndian(bits, bytes);
  }

  luaL_Buffer* out_;
};

// The number of pairs of the table at `index`; *array: its keys are 1 to that number.
size_t CountPairs(lua_State* L, int index, bool* array) {
  size_t count = 0;
  double largest = 0;
  *array = true;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    ++count;
    if (!*array) continue;
    const double key = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
    *array = key >= 1 && key == std::floor(key);
    if (key > largest) largest = key;
  }
  *array = *array && largest == static_cast<double>(count);
  return count;
}

// Pushes the value at `index`, packed.
void PushPacked(lua_State* L, int index, int depth);

// The parts of a table lie in a table of their own until all are there: no buffer stays open while
// the stack moves, and nothing is copied twice.
class Pieces {
 public:
  explicit Pieces(lua_State* L) : L_(L) {
    lua_newtable(L);
    index_ = lua_gettop(L);
  }
  // Takes the string on top.
  void Add() { lua_rawseti(L_, index_, ++count_); }
  // Puts one string into the place of all of them.
  void Join() {
    luaL_Buffer buffer;
    luaL_buffinit(L_, &buffer);
    for (int i = 1; i <= count_; ++i) {
      lua_rawgeti(L_, index_, i);
      luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    lua_replace(L_, index_);
  }

 private:
  lua_State* L_;
  int index_ = 0;
  int count_ = 0;
};

void PushHeader(lua_State* L, Mark fixed, Mark wide, size_t count) {
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  Packer(&buffer).Header(fixed, wide, count);
  luaL_pushresult(&buffer);
}

// Where all keys of the table at `index` are strings: pushes a block of them, the last first. Else
// null, and nothing is pushed.
const std::string_view* PushSortedKeys(lua_State* L, int index, size_t count) {
  auto* const keys =
      static_cast<std::string_view*>(lua_newuserdata(L, count * sizeof(std::string_view)));
  std::string_view* next = keys;
  bool all = true;
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    lua_pop(L, 1);
    all = all && lua_type(L, -1) == LUA_TSTRING;
    if (all) new (next++) std::string_view(StringAt(L, -1));
  }
  if (!all) {
    lua_pop(L, 1);
    return nullptr;
  }
  std::sort(keys, next, std::greater<>());
  return keys;
}

// Equal tables give equal bytes, whatever order they have in memory: their keys go out sorted.
void AddSorted(lua_State* L, int index, int depth, absl::Span<const std::string_view> keys,
               Pieces& pieces) {
  for (const std::string_view key : keys) {
    lua_pushlstring(L, key.data(), key.size());
    const int at = lua_gettop(L);
    PushPacked(L, at, depth + 1);
    pieces.Add();
    lua_rawget(L, index);
    PushPacked(L, at, depth + 1);
    pieces.Add();
    lua_pop(L, 1);
  }
  lua_pop(L, 1);  // The block.
}

void PushTable(lua_State* L, int index, int depth) {
  luaL_checkstack(L, 10, "cmsgpack");
  bool array = false;
  const size_t count = CountPairs(L, index, &array);
  Pieces pieces(L);
  PushHeader(L, array ? kFixArray : kFixMap, array ? kArray16 : kMap16, count);
  pieces.Add();
  if (array) {
    for (size_t i = 1; i <= count; ++i) {
      lua_rawgeti(L, index, static_cast<int>(i));
      PushPacked(L, lua_gettop(L), depth + 1);
      pieces.Add();
      lua_pop(L, 1);
    }
    return pieces.Join();
  }
  if (const std::string_view* keys = PushSortedKeys(L, index, count); keys != nullptr) {
    AddSorted(L, index, depth, {keys, count}, pieces);
    return pieces.Join();
  }
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    const int value = lua_gettop(L);
    PushPacked(L, value - 1, depth + 1);
    pieces.Add();
    PushPacked(L, value, depth + 1);
    pieces.Add();
    lua_pop(L, 1);
  }
  pieces.Join();
}

void PushPacked(lua_State* L, int index, int depth) {
  const int type = lua_type(L, index);
  if (type == LUA_TTABLE && depth <= kPackDepthMax) return PushTable(L, index, depth);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  Packer packer(&buffer);
  if (type == LUA_TSTRING) {
    packer.String(StringAt(L, index));
  } else if (type == LUA_TNUMBER) {
    packer.Number(lua_tonumber(L, index));
  } else if (type == LUA_TBOOLEAN) {
    packer.Byte(lua_toboolean(L, index) != 0 ? kTrue : kFalse);
  } else {
    packer.Byte(kNil);
  }
  luaL_pushresult(&buffer);
}

int Pack(lua_State* L) {
  const int count = lua_gettop(L);
  if (count == 0) return luaL_argerror(L, 0, "MessagePack pack needs input.");
  Pieces pieces(L);
  for (int i = 1; i <= count; ++i) {
    PushPacked(L, i, 1);
    pieces.Add();
  }
  pieces.Join();
  return 1;
}

class Unpacker {
 public:
  Unpacker(lua_State* L, std::string_view bytes) : L_(L), bytes_(bytes) {}

  bool at_end() const { return at_ >= bytes_.size(); }
  size_t position() const { return at_; }
  void Skip(size_t bytes) { at_ += bytes; }
  // Pushes the next value; malformed bytes are a Lua error.
  void Push(int depth = 0);

 private:
  std::string_view Take(size_t size) {
    if (bytes_.size() - at_ < size) luaL_error(L_, "Missing bytes in input.");
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }
  uint64_t BigEndian(int bytes) {
    uint64_t value = 0;
    for (const char c : Take(bytes)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  // Of a length of 1, 2 or 4 bytes (`width` 0, 1, 2).
  size_t Length(int width) { return BigEndian(1 << width); }
  void Signed(int bytes) {
    const int unused = 64 - 8 * bytes;
    const auto value = static_cast<int64_t>(BigEndian(bytes) << unused) >> unused;
    lua_pushnumber(L_, static_cast<lua_Number>(value));
  }
  void Bytes(size_t size) { PushString(L_, Take(size)); }
  void Array(size_t count, int depth);
  void Map(size_t count, int depth);
  void Marked(uint8_t mark, int depth);

  lua_State* L_;
  std::string_view bytes_;
  size_t at_ = 0;
};

void Unpacker::Array(size_t count, int depth) {
  lua_newtable(L_);
  for (size_t i = 1; i <= count; ++i) {
    Push(depth);
    lua_rawseti(L_, -2, static_cast<int>(i));
  }
}

void Unpacker::Map(size_t count, int depth) {
  lua_newtable(L_);
  for (size_t i = 0; i < count; ++i) {
    Push(depth);
    Push(depth);
    const bool usable = !lua_isnil(L_, -2) &&
                        !(lua_type(L_, -2) == LUA_TNUMBER && std::isnan(lua_tonumber(L_, -2)));
    if (usable) {
      lua_rawset(L_, -3);
    } else {
      lua_pop(L_, 2);
    }
  }
}

void Unpacker::Marked(uint8_t mark, int depth) {
  switch (mark) {
    case kNil:
      return lua_pushnil(L_);
    case kFalse:
    case kTrue:
      return lua_pushboolean(L_, mark == kTrue);
    case kBin8:
    case kBin16:
    case kBin32:
      return Bytes(Length(mark - kBin8));
    case kFloat:
      return lua_pushnumber(L_, std::bit_cast<float>(static_cast<uint32_t>(BigEndian(4))));
    case kDouble:
      return lua_pushnumber(L_, std::bit_cast<double>(BigEndian(8)));
    case kUint8:
    case kUint16:
    case kUint32:
    case kUint64:
      return lua_pushnumber(L_, static_cast<lua_Number>(BigEndian(1 << (mark - kUint8))));
    case kInt8:
    case kInt16:
    case kInt32:
    case kInt64:
      return Signed(1 << (mark - kInt8));
    case kString8:
    case kString16:
    case kString32:
      return Bytes(Length(mark - kString8));
    case kArray16:
    case kArray32:
      return Array(Length(mark - kArray16 + 1), depth);
    case kMap16:
    case kMap32:
      return Map(Length(mark - kMap16 + 1), depth);
    default:
      luaL_error(L_, "Bad data format in input.");
  }
}

void Unpacker::Push(int depth) {
  if (depth > kUnpackDepthMax) luaL_error(L_, "Too deep nesting in input.");
  luaL_checkstack(L_, 5, "too many return values at once; use unpack_one or unpack_limit instead.");
  const auto mark = static_cast<uint8_t>(Take(1)[0]);
  if (mark < kFixMap) return lua_pushnumber(L_, mark);
  if (mark >= 0xe0) return lua_pushnumber(L_, static_cast<int8_t>(mark));
  if (mark < kFixArray) return Map(mark & 0x0f, depth + 1);
  if (mark < kFixString) return Array(mark & 0x0f, depth + 1);
  if (mark < kNil) return Bytes(mark & 0x1f);
  Marked(mark, depth + 1);
}

// At most `limit` values (0: all) from `offset` on. With a limit the offset behind them comes
// first.
int UnpackFrom(lua_State* L, int64_t limit, int64_t offset) {
  const std::string_view bytes(luaL_checkstring(L, 1), lua_objlen(L, 1));
  if (offset < 0 || limit < 0) {
    return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.",
                      static_cast<int>(offset), static_cast<int>(bytes.size()));
  }
  if (static_cast<size_t>(offset) > bytes.size()) {
    return luaL_error(L, "Start offset %d greater than input length %d.", static_cast<int>(offset),
                      static_cast<int>(bytes.size()));
  }
  lua_settop(L, 1);
  const bool tells_offset = limit > 0;
  if (tells_offset) lua_pushnil(L);
  Unpacker unpacker(L, bytes);
  unpacker.Skip(static_cast<size_t>(offset));
  int64_t count = 0;
  while (!unpacker.at_end() && (limit == 0 || count < limit)) {
    unpacker.Push();
    ++count;
  }
  if (tells_offset) {
    lua_pushinteger(L, unpacker.at_end() ? -1 : static_cast<lua_Integer>(unpacker.position()));
    lua_replace(L, 2);
  }
  return lua_gettop(L) - 1;
}

int Unpack(lua_State* L) { return UnpackFrom(L, 0, 0); }

int UnpackOne(lua_State* L) {
  return UnpackFrom(L, 1, static_cast<int64_t>(luaL_optinteger(L, 2, 0)));
}

int UnpackLimit(lua_State* L) {
  const auto limit = static_cast<int64_t>(luaL_checkinteger(L, 2));
  return UnpackFrom(L, limit, static_cast<int64_t>(luaL_optinteger(L, 3, 0)));
}

}  // namespace

int OpenMessagePack(lua_State* L) {
  constexpr luaL_Reg kFunctions[] = {{"pack", &Pack},
                                     {"unpack", &Unpack},
                                     {"unpack_one", &UnpackOne},
                                     {"unpack_limit", &UnpackLimit}};
  lua_newtable(L);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
  return 1;
}

}  // namespace slotmesh::functions::lua
