// FCALL, and what changes libraries: FUNCTION LOAD, DELETE, FLUSH, RESTORE; FUNCTION DUMP.
#include "functions/functions.h"
#include "functions/handlers.h"
#include "functions/key_count.h"
#include "functions/library_dump.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::functions {
namespace {

constexpr std::string_view kWrongPolicy =
    "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.";

void ReplyFailure(node::CommandContext& ctx, const absl::Status& status) {
  ctx.reply().Error(StrCat("ERR ", status.message()));
}

}  // namespace

// FCALL function numkeys [key ...] [arg ...]
void FCall(node::CommandContext& ctx, node::Args args) {
  Functions& functions = ctx.family<Functions>();
  const Function* function = functions.libraries().FindFunction(args[1]);
  if (function == nullptr) return ctx.reply().Error("ERR Function not found");
  const std::optional<size_t> keys = KeyCountOrReply(ctx, args, "ERR Bad number of keys provided");
  if (!keys) return;
  functions.Run(ctx, args,
                {.code = function->loaded.code,
                 .name = function->loaded.name,
                 .flags = function->loaded.flags,
                 .eval = false,
                 .key_count = *keys});
}

node::Flag FCallFlags(void* family, node::Flag row, node::Args args) {
  const Function* function =
      static_cast<const Functions*>(family)->libraries().FindFunction(args[1]);
  return function == nullptr ? row : CommandFlags(row, function->loaded.flags);
}

// FUNCTION LOAD [REPLACE] code
void FunctionLoad(node::CommandContext& ctx, node::Args args) {
  bool replace = false;
  for (const std::string_view option : args.subspan(2, args.size() - 3)) {
    if (!EqualsIgnoreCase(option, "replace")) {
      return ctx.reply().Error(StrCat("ERR Unknown option given: ", option));
    }
    replace = true;
  }
  const absl::StatusOr<std::string> name = ctx.family<Functions>().Load(args.back(), replace);
  if (!name.ok()) return ReplyFailure(ctx, name.status());
  ctx.MarkChanged();
  ctx.reply().Bulk(*name);
}

void FunctionDelete(node::CommandContext& ctx, node::Args args) {
  if (!ctx.family<Functions>().Delete(args[2])) {
    return ctx.reply().Error("ERR Library not found");
  }
  ctx.MarkChanged();
  ctx.reply().Ok();
}

// FUNCTION FLUSH [ASYNC|SYNC], either way at once.
void FunctionFlush(node::CommandContext& ctx, node::Args args) {
  if (args.size() > 3) return ctx.reply().Error(node::SubcommandSyntax("function", args[1]));
  if (args.size() == 3 && !EqualsIgnoreCase(args[2], "sync") &&
      !EqualsIgnoreCase(args[2], "async")) {
    return ctx.reply().Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  ctx.family<Functions>().FlushLibraries();
  ctx.MarkChanged();
  ctx.reply().Ok();
}

void FunctionDump(node::CommandContext& ctx, node::Args) {
  ctx.reply().BulkOwned(DumpLibraries(ctx.family<Functions>().libraries()));
}

// FUNCTION RESTORE payload [APPEND|REPLACE|FLUSH]
void FunctionRestore(node::CommandContext& ctx, node::Args args) {
  using Policy = Functions::RestorePolicy;
  if (args.size() > 4) return ctx.reply().Error(node::SubcommandSyntax("function", args[1]));
  Policy policy = Policy::kAppend;
  if (args.size() == 4) {
    if (EqualsIgnoreCase(args[3], "replace")) {
      policy = Policy::kReplace;
    } else if (EqualsIgnoreCase(args[3], "flush")) {
      policy = Policy::kFlush;
    } else if (!EqualsIgnoreCase(args[3], "append")) {
      return ctx.reply().Error(kWrongPolicy);
    }
  }
  const absl::Status restored = ctx.family<Functions>().Restore(args[2], policy);
  if (!restored.ok()) return ReplyFailure(ctx, restored);
  ctx.MarkChanged();
  ctx.reply().Ok();
}

}  // namespace slotmesh::functions
