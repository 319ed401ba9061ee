#include "functions/lua/tail_calls.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace slotmesh::functions::lua {
namespace {

// A dump (LuaJIT's lj_bcdump.h describes it): a header, then functions, inner ones before the one
// that holds them, each behind its length; a length of 0 ends it.
constexpr std::string_view kMagic = "\033LJ\002";
constexpr size_t kInstructionBytes = 4;  // The opcode comes first.
constexpr uint64_t kStripped = 2;        // Of the header's flags: there are no lines.

int AppendTo(lua_State*, const void* bytes, size_t size, void* out) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return 0;
}

// Reads bytes and numbers of 7 bits a byte. Past the end it gives zeros and has failed.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  uint64_t Number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const auto byte = static_cast<uint8_t>(Take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value;
  }
  std::string_view Take(size_t size) {
    if (bytes_.size() < size) {
      failed_ = true;
      bytes_ = {};
      return std::string_view("\0", 1);
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() const { return bytes_; }
  bool failed() const { return failed_; }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

// The outermost function of a dump: its instructions, and the line of each.
struct Code {
  std::string_view instructions;
  std::string_view lines;  // Numbers of `line_bytes`, from `first_line` on.
  int first_line = 0;
  size_t line_bytes = 1;

  size_t size() const { return instructions.size() / kInstructionBytes; }
  uint8_t opcode(size_t i) const {
    return static_cast<uint8_t>(instructions[i * kInstructionBytes]);
  }
  std::optional<int> line(size_t i) const {
    if ((i + 1) * line_bytes > lines.size()) return std::nullopt;
    int delta = 0;
    for (size_t b = line_bytes; b-- > 0;) {
      delta = delta << 8 | static_cast<uint8_t>(lines[i * line_bytes + b]);
    }
    return first_line + delta;
  }
};

std::optional<Code> ReadFunction(std::string_view bytes) {
  Reader reader(bytes);
  (void)reader.Take(4);   // Flags, parameters, frame, upvalues.
  (void)reader.Number();  // Constants that are objects,
  (void)reader.Number();  // and those that are numbers.
  const uint64_t count = reader.Number();
  const uint64_t debug_bytes = reader.Number();
  Code code;
  code.first_line = static_cast<int>(reader.Number());
  const uint64_t line_count = reader.Number();
  code.line_bytes = line_count < 256 ? 1 : line_count < 65536 ? 2 : 4;
  code.instructions = reader.Take(count * kInstructionBytes);
  if (reader.failed() || debug_bytes > reader.rest().size()) return std::nullopt;
  code.lines = reader.rest().substr(reader.rest().size() - debug_bytes);
  return code;
}

std::optional<Code> ReadDump(std::string_view dump) {
  Reader reader(dump);
  if (reader.Take(kMagic.size()) != kMagic) return std::nullopt;
  if ((reader.Number() & kStripped) != 0) return std::nullopt;
  (void)reader.Take(reader.Number());  // The chunk's name.
  std::string_view last;
  for (;;) {
    const uint64_t length = reader.Number();
    if (reader.failed() || length == 0) break;
    last = reader.Take(length);
  }
  if (reader.failed()) return std::nullopt;
  return ReadFunction(last);
}

std::string Dump(lua_State* L) {
  std::string dump;
  if (lua_dump(L, &AppendTo, &dump) != 0) dump.clear();
  return dump;
}

// The opcode that the code ends with; 0 if it cannot be told.
uint8_t LastOpcode(lua_State* L, const char* source) {
  if (luaL_loadstring(L, source) != 0) {
    lua_pop(L, 1);
    return 0;
  }
  const std::string dump = Dump(L);
  lua_pop(L, 1);
  const std::optional<Code> code = ReadDump(dump);
  return code && code->size() > 0 ? code->opcode(code->size() - 1) : 0;
}

}  // namespace

TailCalls::TailCalls(lua_State* L)
    : call_(LastOpcode(L, "return f()")), call_varied_(LastOpcode(L, "return f(g())")) {}

std::optional<int> TailCalls::LastLine(lua_State* L) const {
  if (lua_iscfunction(L, -1) != 0 || call_ == 0) return std::nullopt;
  const std::string dump = Dump(L);
  const std::optional<Code> code = ReadDump(dump);
  if (!code) return std::nullopt;
  for (size_t i = code->size(); i-- > 0;) {
    const uint8_t opcode = code->opcode(i);
    if (opcode == call_ || opcode == call_varied_) return code->line(i);
  }
  return std::nullopt;
}

}  // namespace slotmesh::functions::lua
