// INFO: sections of modules' own.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/string.h"
#include "slots/strings.h"

struct RedisModuleInfoCtx {
  const slotmesh::modules::Module& module;
  // Those that are asked for; empty: all.
  absl::Span<const std::string_view> sections;
  std::string& text;
  bool in_section = false;
  bool in_dictionary = false;

  bool Wants(std::string_view section) const {
    return sections.empty() ||
           std::any_of(sections.begin(), sections.end(), [&](std::string_view wanted) {
             return slotmesh::EqualsIgnoreCase(wanted, section) ||
                    slotmesh::EqualsIgnoreCase(wanted, module.name);
           });
  }
};

namespace slotmesh::modules {
namespace {

class InfoPart : public ModulePart {
 public:
  void Forget(Module& module) override {
    std::erase_if(writers_, [&](const Writer& one) { return one.module == &module; });
  }

  void Add(Module* module, RedisModuleInfoFunc function) {
    Forget(*module);
    writers_.push_back({module, function});
  }

  std::string Write(node::Args sections) const {
    std::string text;
    for (const Writer& writer : writers_) {
      RedisModuleInfoCtx ctx{*writer.module, sections, text};
      writer.function(&ctx, /*for_crash_report=*/0);
      EndDictionary(ctx);
    }
    return text;
  }

  static void EndDictionary(RedisModuleInfoCtx& ctx) {
    if (!ctx.in_dictionary) return;
    if (ctx.text.ends_with(',')) ctx.text.pop_back();
    ctx.text += "\r\n";
    ctx.in_dictionary = false;
  }

 private:
  struct Writer {
    Module* module = nullptr;
    RedisModuleInfoFunc function = nullptr;
  };

  std::vector<Writer> writers_;
};

// Without what would end a name or a line.
std::string SafeName(std::string_view name) {
  std::string safe(name);
  for (char& c : safe) {
    if (c == '#' || c == ':' || c == '\n' || c == '\r') c = '_';
  }
  return safe;
}

int AddField(RedisModuleInfoCtx* ctx, const char* field, std::string_view value) {
  if (!ctx->in_section) return REDISMODULE_ERR;
  if (ctx->in_dictionary) {
    ctx->text += StrCat(field, "=", value, ",");
  } else {
    ctx->text += StrCat(ctx->module.name, "_", field, ":", value, "\r\n");
  }
  return REDISMODULE_OK;
}

int RegisterInfoFunc(RedisModuleCtx* ctx, RedisModuleInfoFunc function) noexcept {
  ctx->modules.part<InfoPart>().Add(ctx->module, function);
  return REDISMODULE_OK;
}

int InfoAddSection(RedisModuleInfoCtx* ctx, const char* name) noexcept {
  InfoPart::EndDictionary(*ctx);
  const std::string full =
      name == nullptr || *name == '\0' ? ctx->module.name : StrCat(ctx->module.name, "_", name);
  ctx->in_section = ctx->Wants(full);
  if (!ctx->in_section) return REDISMODULE_ERR;
  ctx->text += StrCat(ctx->text.empty() ? "" : "\r\n", "# ", full, "\r\n");
  return REDISMODULE_OK;
}

int InfoBeginDictField(RedisModuleInfoCtx* ctx, const char* name) noexcept {
  if (!ctx->in_section) return REDISMODULE_ERR;
  InfoPart::EndDictionary(*ctx);
  ctx->text += StrCat(SafeName(ctx->module.name), "_", SafeName(name), ":");
  ctx->in_dictionary = true;
  return REDISMODULE_OK;
}

int InfoEndDictField(RedisModuleInfoCtx* ctx) noexcept {
  if (!ctx->in_dictionary) return REDISMODULE_ERR;
  InfoPart::EndDictionary(*ctx);
  return REDISMODULE_OK;
}

int InfoAddFieldString(RedisModuleInfoCtx* ctx, const char* field,
                       RedisModuleString* value) noexcept {
  return AddField(ctx, field, value->view());
}
int InfoAddFieldCString(RedisModuleInfoCtx* ctx, const char* field, const char* value) noexcept {
  return AddField(ctx, field, value);
}
int InfoAddFieldDouble(RedisModuleInfoCtx* ctx, const char* field, double value) noexcept {
  return AddField(ctx, field, absl::StrFormat("%.17g", value));
}
int InfoAddFieldLongLong(RedisModuleInfoCtx* ctx, const char* field, long long value) noexcept {
  return AddField(ctx, field, StrCat(value));
}
int InfoAddFieldULongLong(RedisModuleInfoCtx* ctx, const char* field,
                          unsigned long long value) noexcept {
  return AddField(ctx, field, StrCat(value));
}

const ApiEntry kFunctions[] = {
    {"RegisterInfoFunc", &RegisterInfoFunc},
    {"InfoAddSection", &InfoAddSection},
    {"InfoBeginDictField", &InfoBeginDictField},
    {"InfoEndDictField", &InfoEndDictField},
    {"InfoAddFieldString", &InfoAddFieldString},
    {"InfoAddFieldCString", &InfoAddFieldCString},
    {"InfoAddFieldDouble", &InfoAddFieldDouble},
    {"InfoAddFieldLongLong", &InfoAddFieldLongLong},
    {"InfoAddFieldULongLong", &InfoAddFieldULongLong},
};

}  // namespace

ApiGroup InfoFunctions() { return kFunctions; }

void AddInfoPart(Modules& modules) { modules.AddPart(std::make_unique<InfoPart>()); }

std::string Modules::InfoSections(node::Args names) const { return part<InfoPart>().Write(names); }

}  // namespace slotmesh::modules
