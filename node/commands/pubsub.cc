#include "node/commands/pubsub.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "node/commands/help.h"
#include "node/commands/pubsub_handlers.h"
#include "node/resp/errors.h"
#include "node/resp/glob.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void SubscribeTo(CommandContext& ctx, Args names, ChannelKind kind) {
  // A module's own call gets its reply and no messages after it.
  if (ctx.origin() == RequestOrigin::kModule) {
    return ctx.reply().Error(StrCat("ERR ", absl::AsciiStrToUpper(ctx.command().full_name()),
                                    " isn't allowed for a DENY BLOCKING client"));
  }
  PubSub& pubsub = ctx.engine().messages.pubsub;
  for (const std::string_view name : names) {
    pubsub.Subscribe(ctx.client(), kind, name);
    WriteSubscription(ctx.reply(), SubscribeVerb(kind), &name,
                      SubscriptionCount(ctx.client(), kind));
  }
}

// Without names: from all.
void UnsubscribeFrom(CommandContext& ctx, Args names, ChannelKind kind) {
  PubSub& pubsub = ctx.engine().messages.pubsub;
  Client& client = ctx.client();
  const auto leave = [&](std::string_view name) {
    // The name may be the table's own, which goes with its last subscriber.
    const std::string copy(name);
    const std::string_view shown = copy;
    pubsub.Unsubscribe(client, kind, shown);
    WriteSubscription(ctx.reply(), UnsubscribeVerb(kind), &shown, SubscriptionCount(client, kind));
  };
  if (!names.empty()) {
    for (const std::string_view name : names) leave(name);
    return;
  }
  std::vector<std::string_view> all;
  if (client.subscriptions != nullptr) {
    const auto& own = client.subscriptions->names[static_cast<size_t>(kind)];
    all.assign(own.begin(), own.end());
  }
  for (const std::string_view name : all) leave(name);
  if (!all.empty()) return;
  WriteSubscription(ctx.reply(), UnsubscribeVerb(kind), nullptr, SubscriptionCount(client, kind));
}

void PublishTo(CommandContext& ctx, Args args, ChannelKind kind) {
  // In a cluster messages find their way by themselves.
  if (ctx.engine().gate == nullptr && ctx.engine().journal.active()) {
    ctx.engine().journal.Append(
        {.database = ctx.client().database, .origin = Origin::kMessage, .argv = args});
  }
  ctx.reply().Integer(ctx.engine().messages.pubsub.Publish(kind, args[1], args[2]));
}

void ListChannels(CommandContext& ctx, Args args, ChannelKind kind) {
  if (args.size() > 3) return ctx.reply().Error(SubcommandSyntax("pubsub", args[1]));
  std::vector<std::string_view> shown;
  for (const std::string_view name : ctx.engine().messages.pubsub.Names(kind)) {
    if (args.size() == 2 || GlobMatches(args[2], name)) shown.push_back(name);
  }
  ctx.reply().BulkStrings(shown);
}

void CountSubscribers(CommandContext& ctx, Args args, ChannelKind kind) {
  ctx.reply().Array((args.size() - 2) * 2);
  for (const std::string_view name : args.subspan(2)) {
    ctx.reply().Bulk(name);
    ctx.reply().Integer(static_cast<int64_t>(ctx.engine().messages.pubsub.CountOf(kind, name)));
  }
}

}  // namespace

void Subscribe(CommandContext& ctx, Args args) {
  SubscribeTo(ctx, args.subspan(1), ChannelKind::kChannel);
}
void PSubscribe(CommandContext& ctx, Args args) {
  SubscribeTo(ctx, args.subspan(1), ChannelKind::kPattern);
}
void SSubscribe(CommandContext& ctx, Args args) {
  SubscribeTo(ctx, args.subspan(1), ChannelKind::kShard);
}
void Unsubscribe(CommandContext& ctx, Args args) {
  UnsubscribeFrom(ctx, args.subspan(1), ChannelKind::kChannel);
}
void PUnsubscribe(CommandContext& ctx, Args args) {
  UnsubscribeFrom(ctx, args.subspan(1), ChannelKind::kPattern);
}
void SUnsubscribe(CommandContext& ctx, Args args) {
  UnsubscribeFrom(ctx, args.subspan(1), ChannelKind::kShard);
}

void Publish(CommandContext& ctx, Args args) { PublishTo(ctx, args, ChannelKind::kChannel); }
void SPublish(CommandContext& ctx, Args args) { PublishTo(ctx, args, ChannelKind::kShard); }

void PubSubChannels(CommandContext& ctx, Args args) {
  ListChannels(ctx, args, ChannelKind::kChannel);
}
void PubSubShardChannels(CommandContext& ctx, Args args) {
  ListChannels(ctx, args, ChannelKind::kShard);
}
void PubSubNumSub(CommandContext& ctx, Args args) {
  CountSubscribers(ctx, args, ChannelKind::kChannel);
}
void PubSubShardNumSub(CommandContext& ctx, Args args) {
  CountSubscribers(ctx, args, ChannelKind::kShard);
}

void PubSubNumPat(CommandContext& ctx, Args) {
  ctx.reply().Integer(
      static_cast<int64_t>(ctx.engine().messages.pubsub.names(ChannelKind::kPattern)));
}

void PubSubHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "CHANNELS [<pattern>]",
      "    The channels (of that pattern) that somebody here has subscribed to.",
      "NUMPAT",
      "    How many different patterns are subscribed to here.",
      "NUMSUB [<channel> ...]",
      "    How many clients of this node have subscribed to each channel.",
      "SHARDCHANNELS [<pattern>]",
      "    As CHANNELS, for shard channels.",
      "SHARDNUMSUB [<shardchannel> ...]",
      "    As NUMSUB, for shard channels.",
  };
  ReplyHelp(ctx.reply(), "PUBSUB", kLines);
}

}  // namespace slotmesh::node
