#include "modules/api/text.h"

#include <cstdio>

#include "modules/modules.h"
#include "modules/process.h"
#include "slots/strings.h"

namespace slotmesh::modules {

std::string FormatText(const char* format, va_list args) {
  va_list again;
  va_copy(again, args);
  char text[512];
  const int size = std::vsnprintf(text, sizeof(text), format, args);
  std::string result;
  if (size >= 0 && static_cast<size_t>(size) < sizeof(text)) {
    result.assign(text, static_cast<size_t>(size));
  } else if (size >= 0) {
    result.resize(static_cast<size_t>(size));
    (void)std::vsnprintf(result.data(), result.size() + 1, format, again);
  }
  va_end(again);
  return result;
}

void WriteLog(const Module* module, std::string_view level, const std::string& text) {
  using Severity = node::Log::Severity;
  Severity severity = Severity::kVerbose;  // Also of a level that is none.
  if (EqualsIgnoreCase(level, "debug")) severity = Severity::kDebug;
  if (EqualsIgnoreCase(level, "notice")) severity = Severity::kNotice;
  if (EqualsIgnoreCase(level, "warning")) severity = Severity::kWarning;
  TheModules().host().log.Write(
      severity, StrCat("<", module == nullptr ? std::string("module") : module->name, "> ", text));
}

RedisModuleString* TrackString(RedisModuleCtx* ctx, RedisModuleString* string) {
  if (ctx != nullptr) {
    ctx->Track(string, [](void* thing) { static_cast<RedisModuleString*>(thing)->Release(); });
  }
  return string;
}

}  // namespace slotmesh::modules
