// CLIENT's subcommands about client side caching.
#include <string>
#include <vector>

#include "node/commands/client.h"
#include "node/commands/client_handlers.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kRedirectTwice =
    "ERR A client can only redirect to a single other client";
constexpr std::string_view kNoSuchRedirect =
    "ERR The client ID you want redirect to does not exist";
constexpr std::string_view kCachingWithoutTracking =
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
    "OPTOUT mode enabled";
constexpr std::string_view kCachingYes =
    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
constexpr std::string_view kCachingNo =
    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
constexpr int64_t kNotRedirected = -1;

// False, with the error replied, if the word is no other client's id.
bool ParseRedirect(CommandContext& ctx, std::string_view word, uint64_t* redirect) {
  if (*redirect != 0) {
    ctx.reply().Error(kRedirectTwice);
    return false;
  }
  const std::optional<int64_t> id = ParseInt64(word);
  if (!id.has_value()) {
    ctx.reply().Error(errors::kNotInteger);
    return false;
  }
  *redirect = static_cast<uint64_t>(*id);
  if (ctx.family<ClientFamily>().clients.Find(*redirect) != nullptr) return true;
  ctx.reply().Error(kNoSuchRedirect);
  return false;
}

// False with the error replied.
bool ParseOptions(CommandContext& ctx, Args words, Tracking::Options* options) {
  for (size_t i = 0; i < words.size(); ++i) {
    const auto is = [&](std::string_view option) { return EqualsIgnoreCase(words[i], option); };
    const bool more = i + 1 < words.size();
    if (is("redirect") && more) {
      if (!ParseRedirect(ctx, words[++i], &options->redirect)) return false;
    } else if (is("bcast")) {
      options->broadcast = true;
    } else if (is("optin")) {
      options->opt_in = true;
    } else if (is("optout")) {
      options->opt_out = true;
    } else if (is("noloop")) {
      options->no_loop = true;
    } else if (is("prefix") && more) {
      options->prefixes.push_back(words[++i]);
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

}  // namespace

void ClientTracking(CommandContext& ctx, Args args) {
  Tracking::Options options;
  if (!ParseOptions(ctx, args.subspan(3), &options)) return;
  Tracking& tracking = ctx.engine().messages.tracking;
  if (EqualsIgnoreCase(args[2], "on")) {
    const absl::Status status = tracking.Enable(ctx.client(), options);
    if (!status.ok()) return ctx.reply().Error(status);
  } else if (EqualsIgnoreCase(args[2], "off")) {
    tracking.Disable(ctx.client());
  } else {
    return ctx.reply().Error(errors::kSyntax);
  }
  ctx.reply().Ok();
}

void ClientTrackingInfo(CommandContext& ctx, Args) {
  const TrackingMode* mode = ctx.client().tracking.get();
  std::vector<std::string_view> flags = {mode == nullptr ? "off" : "on"};
  if (mode != nullptr) {
    if (mode->broadcast) flags.push_back("bcast");
    if (mode->opt_in) flags.push_back("optin");
    if (mode->opt_in && mode->caching) flags.push_back("caching-yes");
    if (mode->opt_out) flags.push_back("optout");
    if (mode->opt_out && mode->caching) flags.push_back("caching-no");
    if (mode->no_loop) flags.push_back("noloop");
    if (mode->broken_redirect) flags.push_back("broken_redirect");
  }
  Reply& reply = ctx.reply();
  reply.Map(3);
  reply.Bulk("flags");
  reply.Set(flags.size());
  for (const std::string_view flag : flags) reply.Bulk(flag);
  reply.Bulk("redirect");
  reply.Integer(mode == nullptr ? kNotRedirected : static_cast<int64_t>(mode->redirect));
  reply.Bulk("prefixes");
  reply.Array(mode == nullptr ? 0 : mode->prefixes.size());
  if (mode == nullptr) return;
  for (const std::string& prefix : mode->prefixes) reply.Bulk(prefix);
}

void ClientCaching(CommandContext& ctx, Args args) {
  TrackingMode* mode = ctx.client().tracking.get();
  if (mode == nullptr) return ctx.reply().Error(kCachingWithoutTracking);
  if (EqualsIgnoreCase(args[2], "yes")) {
    if (!mode->opt_in) return ctx.reply().Error(kCachingYes);
  } else if (EqualsIgnoreCase(args[2], "no")) {
    if (!mode->opt_out) return ctx.reply().Error(kCachingNo);
  } else {
    return ctx.reply().Error(errors::kSyntax);
  }
  mode->caching = true;
  mode->caching_said_by = ctx.command().parent();
  ctx.reply().Ok();
}

void ClientGetRedir(CommandContext& ctx, Args) {
  const TrackingMode* mode = ctx.client().tracking.get();
  ctx.reply().Integer(mode == nullptr ? kNotRedirected : static_cast<int64_t>(mode->redirect));
}

}  // namespace slotmesh::node
