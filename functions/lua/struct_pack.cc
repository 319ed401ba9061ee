#include "functions/lua/struct_pack.h"

#include <bit>
#include <climits>
#include <cstdint>
#include <cstring>

namespace slotmesh::functions::lua {
namespace {

constexpr int kIntegerBytesMax = 32;
constexpr int kNativeAlignment = 8;

// One item of a format.
struct Item {
  char option = 0;
  size_t size = 0;     // Bytes; of `s`, and of `c0` when packing, 0.
  size_t padding = 0;  // Before it.
};

// Goes through a format. Errors are Lua errors.
class Format {
 public:
  Format(lua_State* L, const char* format) : L_(L), at_(format) {}

  // The next item, at `position` of the whole; false at the end.
  bool Next(size_t position, Item* item) {
    while (*at_ != '\0') {
      item->option = *at_++;
      if (Control(item->option)) continue;
      item->size = SizeOf(item->option);
      item->padding = Padding(position, *item);
      return true;
    }
    return false;
  }
  bool little_endian() const { return little_; }

 private:
  bool HasNumber() const { return *at_ >= '0' && *at_ <= '9'; }
  size_t Number(size_t otherwise) {
    if (!HasNumber()) return otherwise;
    size_t number = 0;
    while (HasNumber()) {
      const size_t digit = static_cast<size_t>(*at_++ - '0');
      if (number > (INT_MAX - digit) / 10) luaL_error(L_, "integral size overflow");
      number = number * 10 + digit;
    }
    return number;
  }
  bool Control(char option) {
    switch (option) {
      case ' ':
        return true;
      case '<':
        little_ = true;
        return true;
      case '>':
        little_ = false;
        return true;
      case '=':
        little_ = std::endian::native == std::endian::little;
        return true;
      case '!': {
        const size_t alignment = Number(kNativeAlignment);
        if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
          luaL_error(L_, "alignment is not a power of 2");
        }
        alignment_ = alignment;
        return true;
      }
      default:
        return false;
    }
  }
  size_t SizeOf(char option) {
    switch (option) {
      case 'b':
      case 'B':
      case 'x':
        return 1;
      case 'h':
      case 'H':
        return sizeof(int16_t);
      case 'l':
      case 'L':
      case 'T':
      case 'd':
        return sizeof(int64_t);
      case 'f':
        return sizeof(float);
      case 's':
        return 0;
      case 'c':
        return Number(1);
      case 'i':
      case 'I': {
        const size_t size = Number(sizeof(int));
        if (size == 0 || size > kIntegerBytesMax) {
          luaL_error(L_, "integral size %d is larger than limit of %d", static_cast<int>(size),
                     kIntegerBytesMax);
        }
        return size;
      }
      default:
        luaL_argerror(L_, 1, lua_pushfstring(L_, "invalid format option '%c'", option));
        return 0;
    }
  }
  size_t Padding(size_t position, const Item& item) const {
    if (item.size == 0 || item.option == 'c' || item.option == 'x') return 0;
    const size_t alignment = item.size < alignment_ ? item.size : alignment_;
    if (alignment <= 1 || (alignment & (alignment - 1)) != 0) return 0;
    return (alignment - (position & (alignment - 1))) & (alignment - 1);
  }

  lua_State* L_;
  const char* at_;
  bool little_ = std::endian::native == std::endian::little;
  size_t alignment_ = 1;
};

bool IsSigned(char option) { return option >= 'a' && option <= 'z'; }

// Adds `size` bytes of an integer: those beyond 64 bits repeat its sign.
void AddInteger(luaL_Buffer* out, int64_t value, size_t size, bool little) {
  char bytes[kIntegerBytesMax];
  const auto bits = static_cast<uint64_t>(value);
  const uint8_t fill = value < 0 ? 0xff : 0;
  for (size_t i = 0; i < size; ++i) {
    const uint8_t byte = i < sizeof(bits) ? static_cast<uint8_t>(bits >> (8 * i)) : fill;
    bytes[little ? i : size - 1 - i] = static_cast<char>(byte);
  }
  luaL_addlstring(out, bytes, size);
}

int64_t ReadInteger(std::string_view bytes, bool little, bool is_signed) {
  uint64_t bits = 0;
  const size_t size = bytes.size() < sizeof(bits) ? bytes.size() : sizeof(bits);
  for (size_t i = 0; i < size; ++i) {
    const char byte = bytes[little ? i : bytes.size() - 1 - i];
    bits |= static_cast<uint64_t>(static_cast<uint8_t>(byte)) << (8 * i);
  }
  const int unused = static_cast<int>(64 - 8 * size);
  if (is_signed) return static_cast<int64_t>(bits << unused) >> unused;
  return static_cast<int64_t>(bits);
}

int64_t IntegerOf(double number) {
  constexpr double kBeyond = 9223372036854775808.0;
  if (number >= -kBeyond && number < kBeyond) return static_cast<int64_t>(number);
  if (number >= kBeyond && number < 2 * kBeyond) {
    return static_cast<int64_t>(static_cast<uint64_t>(number));
  }
  return INT64_MIN;
}

// Adds the text at `argument`; how many bytes that were.
size_t AddText(lua_State* L, luaL_Buffer* out, const Item& item, int argument) {
  size_t length = 0;
  const char* text = luaL_checklstring(L, argument, &length);
  const size_t size = item.option == 'c' && item.size > 0 ? item.size : length;
  luaL_argcheck(L, length >= size, argument, "string too short");
  luaL_addlstring(out, text, size);
  if (item.option == 'c') return size;
  luaL_addchar(out, '\0');
  return size + 1;
}

void AddNumber(lua_State* L, luaL_Buffer* out, const Item& item, int argument, bool little) {
  const double number = luaL_checknumber(L, argument);
  if (item.option == 'f') {
    const auto bits = std::bit_cast<uint32_t>(static_cast<float>(number));
    AddInteger(out, bits, item.size, little);
  } else if (item.option == 'd') {
    AddInteger(out, std::bit_cast<int64_t>(number), item.size, little);
  } else {
    AddInteger(out, IntegerOf(number), item.size, little);
  }
}

int Pack(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  // The arguments stay below; the buffer has the top.
  lua_pushnil(L);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  size_t position = 0;
  int argument = 2;
  Item item;
  while (format.Next(position, &item)) {
    for (size_t i = 0; i < item.padding; ++i) luaL_addchar(&out, '\0');
    position += item.padding;
    if (item.option == 'x') {
      luaL_addchar(&out, '\0');
      ++position;
    } else if (item.option == 's' || item.option == 'c') {
      position += AddText(L, &out, item, argument++);
    } else {
      AddNumber(L, &out, item, argument++, format.little_endian());
      position += item.size;
    }
  }
  luaL_pushresult(&out);
  return 1;
}

// Pushes what a number's bytes mean.
void PushNumber(lua_State* L, const Item& item, std::string_view bytes, bool little) {
  const int64_t bits = ReadInteger(bytes, little, IsSigned(item.option) && item.option != 'f');
  if (item.option == 'f') {
    lua_pushnumber(L, std::bit_cast<float>(static_cast<uint32_t>(bits)));
  } else if (item.option == 'd') {
    lua_pushnumber(L, std::bit_cast<double>(bits));
  } else if (IsSigned(item.option)) {
    lua_pushnumber(L, static_cast<lua_Number>(bits));
  } else {
    lua_pushnumber(L, static_cast<lua_Number>(static_cast<uint64_t>(bits)));
  }
}

// Pushes a text; bytes that it takes.
size_t PushText(lua_State* L, Item item, std::string_view rest) {
  if (item.option == 's') {
    const size_t end = rest.find('\0');
    if (end == std::string_view::npos) luaL_error(L, "unfinished string in data");
    PushString(L, rest.substr(0, end));
    return end + 1;
  }
  if (item.size == 0) {
    if (lua_gettop(L) <= 2 || lua_isnumber(L, -1) == 0) {
      luaL_error(L, "format 'c0' needs a previous size");
    }
    const double size = lua_tonumber(L, -1);
    luaL_argcheck(L, size >= 0 && size <= static_cast<double>(rest.size()), 2,
                  "data string too short");
    item.size = static_cast<size_t>(size);
    lua_pop(L, 1);
  }
  luaL_argcheck(L, item.size <= rest.size(), 2, "data string too short");
  PushString(L, rest.substr(0, item.size));
  return item.size;
}

int Unpack(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  size_t length = 0;
  const char* data = luaL_checklstring(L, 2, &length);
  const std::string_view bytes(data, length);
  const lua_Integer begin = luaL_optinteger(L, 3, 1);
  luaL_argcheck(L, begin > 0, 3, "offset must be 1 or greater");
  size_t position = static_cast<size_t>(begin) - 1;
  lua_settop(L, 2);
  Item item;
  while (format.Next(position, &item)) {
    luaL_checkstack(L, 2, "too many results");
    position += item.padding;
    luaL_argcheck(L, position <= length && item.size <= length - position, 2,
                  "data string too short");
    if (item.option == 's' || item.option == 'c') {
      position += PushText(L, item, bytes.substr(position));
      continue;
    }
    if (item.option != 'x') {
      PushNumber(L, item, bytes.substr(position, item.size), format.little_endian());
    }
    position += item.size;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(position) + 1);
  return lua_gettop(L) - 2;
}

int Size(lua_State* L) {
  Format format(L, luaL_checkstring(L, 1));
  size_t position = 0;
  Item item;
  while (format.Next(position, &item)) {
    position += item.padding;
    if (item.option == 's') luaL_argerror(L, 1, "variable-size format in 'struct.size'");
    if (item.option == 'c' && item.size == 0) {
      luaL_argerror(L, 1, "variable-length format in 'struct.size'");
    }
    position += item.size;
  }
  lua_pushinteger(L, static_cast<lua_Integer>(position));
  return 1;
}

}  // namespace

int OpenStruct(lua_State* L) {
  constexpr luaL_Reg kFunctions[] = {{"pack", &Pack}, {"unpack", &Unpack}, {"size", &Size}};
  lua_newtable(L);
  for (const luaL_Reg& function : kFunctions) {
    lua_pushcfunction(L, function.func);
    lua_setfield(L, -2, function.name);
  }
  return 1;
}

}  // namespace slotmesh::functions::lua
