// Texts and strings as several groups of the API make them.
#ifndef SLOTMESH_MODULES_API_TEXT_H_
#define SLOTMESH_MODULES_API_TEXT_H_

#include <cstdarg>
#include <string>
#include <string_view>

#include "modules/context.h"
#include "modules/string.h"

namespace slotmesh::modules {

// As printf writes it.
std::string FormatText(const char* format, va_list args);

// Into the server's log, with the module's name; null: a module that is not known.
void WriteLog(const Module* module, std::string_view level, const std::string& text);

// With automatic memory on the string goes with the context. `ctx` may be null.
RedisModuleString* TrackString(RedisModuleCtx* ctx, RedisModuleString* string);

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_API_TEXT_H_
