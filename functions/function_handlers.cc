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

// What a cluster decides, a client waits for.
enum class Decision : uint8_t {
  kHere,     // This node alone: also while it loads its files, which are put right later.
  kCluster,  // By the family's authority.
  kOver,     // The reply is given.
};

Decision DecisionFor(node::CommandContext& ctx) {
  using node::RequestOrigin;
  if (ctx.family<Functions>().authority() == nullptr) return Decision::kHere;
  if (ctx.origin() == RequestOrigin::kAof) return Decision::kHere;
  if (ctx.may_block() || ctx.may_wait_in_transaction()) return Decision::kCluster;
  if (ctx.origin() == RequestOrigin::kReplication) {
    ctx.reply().Ok();  // The cluster tells this node as it told the primary.
  } else {
    ctx.reply().Error(
        StrCat("ERR FUNCTION ", ctx.command().spec().name,
               " is not allowed inside a transaction or script where the cluster decides about "
               "libraries (cluster-functions yes)"));
  }
  return Decision::kOver;
}

LibraryAuthority::Done ReplyWhenDecided(node::CommandContext& ctx, std::string name = {}) {
  node::BlockedClients& blocked = ctx.engine().blocked;
  const node::BlockedClients::Ticket ticket = blocked.Block(ctx.client());
  return [&blocked, ticket, name = std::move(name)](const absl::Status& status) {
    blocked.Complete(ticket, [&](node::Client& client) {
      if (!status.ok()) return client.reply().Error(ToStd(status.message()));
      name.empty() ? client.reply().Ok() : client.reply().Bulk(name);
    });
  };
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

// A cluster's libraries are changed through any node, a replica too, whoever has the lease.
node::Flag LibraryFlags(void* family, node::Flag row, node::Args) {
  if (static_cast<const Functions*>(family)->authority() == nullptr) return row;
  return static_cast<node::Flag>(static_cast<uint32_t>(row) &
                                 ~static_cast<uint32_t>(node::Flag::kWrite)) |
         node::Flag::kMayReplicate;
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
  Functions& functions = ctx.family<Functions>();
  const Decision decision = DecisionFor(ctx);
  if (decision == Decision::kOver) return;
  if (decision == Decision::kCluster) {
    absl::StatusOr<std::unique_ptr<Library>> library = functions.Prepare(args.back(), replace);
    if (!library.ok()) return ReplyFailure(ctx, library.status());
    LibraryAuthority::Done done = ReplyWhenDecided(ctx, (*library)->name);
    return functions.authority()->Load(*std::move(library), replace, std::move(done));
  }
  const absl::StatusOr<std::string> name = functions.Load(args.back(), replace);
  if (!name.ok()) return ReplyFailure(ctx, name.status());
  ctx.MarkChanged();
  ctx.reply().Bulk(*name);
}

void FunctionDelete(node::CommandContext& ctx, node::Args args) {
  Functions& functions = ctx.family<Functions>();
  const Decision decision = DecisionFor(ctx);
  if (decision == Decision::kOver) return;
  if (decision == Decision::kCluster && functions.libraries().FindLibrary(args[2]) != nullptr) {
    return functions.authority()->Delete(std::string(args[2]), ReplyWhenDecided(ctx));
  }
  if (!functions.Delete(args[2])) {
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
  Functions& functions = ctx.family<Functions>();
  const Decision decision = DecisionFor(ctx);
  if (decision == Decision::kOver) return;
  if (decision == Decision::kCluster) return functions.authority()->Flush(ReplyWhenDecided(ctx));
  functions.FlushLibraries();
  ctx.MarkChanged();
  ctx.reply().Ok();
}

void FunctionDump(node::CommandContext& ctx, node::Args) {
  ctx.reply().BulkOwned(DumpLibraries(ctx.family<Functions>().libraries()));
}

// FUNCTION RESTORE payload [APPEND|REPLACE|FLUSH]
void FunctionRestore(node::CommandContext& ctx, node::Args args) {
  using Policy = RestorePolicy;
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
  Functions& functions = ctx.family<Functions>();
  const Decision decision = DecisionFor(ctx);
  if (decision == Decision::kOver) return;
  if (decision == Decision::kCluster) {
    absl::StatusOr<LibraryRegistry> libraries = functions.PrepareAll(args[2], policy);
    if (!libraries.ok()) return ReplyFailure(ctx, libraries.status());
    return functions.authority()->Restore(*std::move(libraries), policy, ReplyWhenDecided(ctx));
  }
  const absl::Status restored = functions.Restore(args[2], policy);
  if (!restored.ok()) return ReplyFailure(ctx, restored);
  ctx.MarkChanged();
  ctx.reply().Ok();
}

}  // namespace slotmesh::functions
