// EVAL, EVALSHA and their read-only forms.
#include "functions/flags.h"
#include "functions/functions.h"
#include "functions/handlers.h"
#include "functions/key_count.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

void RunScript(node::CommandContext& ctx, node::Args args, Script& script, size_t key_count) {
  Functions& functions = ctx.family<Functions>();
  functions.scripts().Touch(script);
  functions.Run(ctx, args,
                {.code = script.code,
                 .name = script.name(),
                 .flags = script.flags,
                 .eval = true,
                 .key_count = key_count});
}

}  // namespace

// EVAL script numkeys [key ...] [arg ...]
void Eval(node::CommandContext& ctx, node::Args args) {
  const std::optional<size_t> keys = KeyCountOrReply(ctx, args, node::errors::kNotInteger);
  if (!keys) return;
  const absl::StatusOr<Script*> script =
      ctx.family<Functions>().scripts().Load(args[1], /*pin=*/false);
  if (!script.ok()) return ctx.reply().Error(StrCat("ERR ", script.status().message()));
  RunScript(ctx, args, **script, *keys);
}

// EVALSHA sha1 numkeys [key ...] [arg ...]
void EvalSha(node::CommandContext& ctx, node::Args args) {
  Script* script = ctx.family<Functions>().scripts().Find(args[1]);
  if (script == nullptr) return ctx.reply().Error(node::errors::kNoScript);
  const std::optional<size_t> keys = KeyCountOrReply(ctx, args, node::errors::kNotInteger);
  if (keys) RunScript(ctx, args, *script, *keys);
}

node::Flag EvalFlags(void*, node::Flag row, node::Args args) {
  // What cannot be read is refused when it runs.
  const absl::StatusOr<ScriptHead> head = ParseScript(args[1]);
  return head.ok() ? CommandFlags(row, head->flags) : row;
}

node::Flag EvalShaFlags(void* family, node::Flag row, node::Args args) {
  const Script* script = static_cast<Functions*>(family)->scripts().Find(args[1]);
  return script == nullptr ? row : CommandFlags(row, script->flags);
}

}  // namespace slotmesh::functions
