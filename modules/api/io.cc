// Parts of values in files and payloads, and commands in files of commands.
#include "modules/io.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "modules/words.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

// --- Writing. ---

void SaveUnsigned(RedisModuleIO* io, uint64_t value) noexcept {
  if (node::RdbWriter* writer = io->Begin(IoOpcode::kUnsigned)) writer->Length(value);
}
void SaveSigned(RedisModuleIO* io, int64_t value) noexcept {
  if (node::RdbWriter* writer = io->Begin(IoOpcode::kSigned)) {
    writer->Length(static_cast<uint64_t>(value));
  }
}
void SaveStringBuffer(RedisModuleIO* io, const char* bytes, size_t size) noexcept {
  if (node::RdbWriter* writer = io->Begin(IoOpcode::kString)) writer->String({bytes, size});
}
void SaveString(RedisModuleIO* io, RedisModuleString* string) noexcept {
  SaveStringBuffer(io, string->view().data(), string->view().size());
}
void SaveDouble(RedisModuleIO* io, double value) noexcept {
  if (node::RdbWriter* writer = io->Begin(IoOpcode::kDouble)) writer->BinaryDouble(value);
}
void SaveFloat(RedisModuleIO* io, float value) noexcept {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  if (node::RdbWriter* writer = io->Begin(IoOpcode::kFloat)) writer->Raw({bytes, sizeof(bytes)});
}
// As a text with all its bits.
void SaveLongDouble(RedisModuleIO* io, long double value) noexcept {
  char text[64];
  const int size = std::snprintf(text, sizeof(text), "%La", value);
  SaveStringBuffer(io, text, static_cast<size_t>(size));
}

// --- Reading. ---

uint64_t LoadNumber(RedisModuleIO* io, IoOpcode opcode) {
  uint64_t value = 0;
  if (io->Expect(opcode) && !io->reader->Length(&value)) io->Fail();
  return io->error ? 0 : value;
}
uint64_t LoadUnsigned(RedisModuleIO* io) noexcept { return LoadNumber(io, IoOpcode::kUnsigned); }
int64_t LoadSigned(RedisModuleIO* io) noexcept {
  return static_cast<int64_t>(LoadNumber(io, IoOpcode::kSigned));
}

// An empty one after an error.
std::string LoadText(RedisModuleIO* io) {
  std::string_view text;
  std::string scratch;
  if (io->Expect(IoOpcode::kString) && !io->reader->String(&text, &scratch)) io->Fail();
  return io->error ? std::string() : std::string(text);
}
// Who asks for errors gets a null for what cannot be read.
bool TellsOfErrors(const RedisModuleIO* io) {
  return io->error && io->type.module->HasOption(Module::kHandlesIoErrors);
}
RedisModuleString* LoadString(RedisModuleIO* io) noexcept {
  std::string text = LoadText(io);
  return TellsOfErrors(io) ? nullptr : new RedisModuleString(std::move(text));
}
char* LoadStringBuffer(RedisModuleIO* io, size_t* size) noexcept {
  const std::string text = LoadText(io);
  if (size != nullptr) *size = text.size();
  if (TellsOfErrors(io)) return nullptr;
  char* bytes = static_cast<char*>(std::malloc(text.size() + 1));
  std::memcpy(bytes, text.c_str(), text.size() + 1);
  return bytes;
}
double LoadDouble(RedisModuleIO* io) noexcept {
  double value = 0;
  if (io->Expect(IoOpcode::kDouble) && !io->reader->BinaryDouble(&value)) io->Fail();
  return io->error ? 0 : value;
}
float LoadFloat(RedisModuleIO* io) noexcept {
  float value = 0;
  std::string_view bytes;
  if (!io->Expect(IoOpcode::kFloat)) return 0;
  if (!io->reader->Raw(sizeof(value), &bytes)) {
    io->Fail();
    return 0;
  }
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}
long double LoadLongDouble(RedisModuleIO* io) noexcept {
  const std::string text = LoadText(io);
  char* end = nullptr;
  const long double value = std::strtold(text.c_str(), &end);
  if (text.empty() || *end != '\0') io->Fail();
  return io->error ? 0 : value;
}
int IsIOError(RedisModuleIO* io) noexcept { return io->error ? 1 : 0; }

// --- Files of commands. ---

void RefuseToEmit(RedisModuleIO* io, std::string_view why) {
  TheModules().host().log.Warning(StrCat("The module type '", io->type.name(),
                                         "' writes to the append-only file what is no command: ",
                                         why));
  io->Fail();
  errno = EINVAL;
}

void EmitAOF(RedisModuleIO* io, const char* name, const char* format, ...) noexcept {
  if (io->error || io->emit == nullptr) return;
  if (TheModules().engine().registry.Find(name) == nullptr) {
    return RefuseToEmit(io, StrCat("unknown command '", name, "'"));
  }
  FormattedWords request;
  va_list args;
  va_start(args, format);
  const bool readable = request.Read(name, format, args);
  va_end(args);
  if (!readable) return RefuseToEmit(io, StrCat("wrong format '", format, "'"));
  (*io->emit)(request.words());
}

// --- Around it. ---

RedisModuleCtx* GetContextFromIO(RedisModuleIO* io) noexcept {
  if (io->ctx == nullptr) {
    io->ctx = std::make_unique<RedisModuleCtx>(TheModules(), io->type.module,
                                               RedisModuleCtx::Kind::kCallback, nullptr);
  }
  return io->ctx.get();
}
const RedisModuleString* GetKeyNameFromIO(RedisModuleIO* io) noexcept { return io->name.get(); }
int GetDbIdFromIO(RedisModuleIO* io) noexcept { return io->database; }

void LogIOError(RedisModuleIO* io, const char* level, const char* format, ...) noexcept {
  va_list args;
  va_start(args, format);
  WriteLog(io->type.module, level, FormatText(format, args));
  va_end(args);
}

const ApiEntry kFunctions[] = {
    {"SaveUnsigned", &SaveUnsigned},
    {"SaveSigned", &SaveSigned},
    {"SaveString", &SaveString},
    {"SaveStringBuffer", &SaveStringBuffer},
    {"SaveDouble", &SaveDouble},
    {"SaveFloat", &SaveFloat},
    {"SaveLongDouble", &SaveLongDouble},
    {"LoadUnsigned", &LoadUnsigned},
    {"LoadSigned", &LoadSigned},
    {"LoadString", &LoadString},
    {"LoadStringBuffer", &LoadStringBuffer},
    {"LoadDouble", &LoadDouble},
    {"LoadFloat", &LoadFloat},
    {"LoadLongDouble", &LoadLongDouble},
    {"IsIOError", &IsIOError},
    {"EmitAOF", &EmitAOF},
    {"GetContextFromIO", &GetContextFromIO},
    {"GetKeyNameFromIO", &GetKeyNameFromIO},
    {"GetDbIdFromIO", &GetDbIdFromIO},
    {"LogIOError", &LogIOError},
};

}  // namespace

ApiGroup IoFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
