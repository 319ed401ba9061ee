// The rows of the pubsub commands.
#include "node/commands/pubsub.h"
#include "node/commands/pubsub_handlers.h"

namespace slotmesh::node {
namespace {

using slots::KeyFlag;
using slots::KeySpec;

constexpr Flag kSubscription =
    Flag::kPubSub | Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kWhileSubscribed;
constexpr Flag kPublication =
    Flag::kPubSub | Flag::kLoading | Flag::kStale | Flag::kFast | Flag::kMayReplicate;
constexpr Flag kQuestion = Flag::kPubSub | Flag::kLoading | Flag::kStale;

constexpr CommandSpec kQuestions[] = {
    {.name = "channels",
     .handler = &PubSubChannels,
     .arity = Arity::AtLeast(2),
     .flags = kQuestion,
     .group = "pubsub",
     .since = "2.8.0",
     .summary = "The channels that have subscribers.",
     .complexity = "O(N) where N is the number of active channels, and assuming constant time "
                   "pattern matching (relatively short channels and patterns)",
     .arguments = "[pattern]"},
    {.name = "help",
     .handler = &PubSubHelp,
     .arity = Arity::Exactly(2),
     .flags = Flag::kLoading | Flag::kStale,
     .group = "pubsub",
     .since = "6.2.0",
     .summary = "Lists the subcommands.",
     .complexity = "O(1)"},
    {.name = "numpat",
     .handler = &PubSubNumPat,
     .arity = Arity::Exactly(2),
     .flags = kQuestion,
     .group = "pubsub",
     .since = "2.8.0",
     .summary = "How many patterns have subscribers.",
     .complexity = "O(1)"},
    {.name = "numsub",
     .handler = &PubSubNumSub,
     .arity = Arity::AtLeast(2),
     .flags = kQuestion,
     .group = "pubsub",
     .since = "2.8.0",
     .summary = "How many subscribers channels have.",
     .complexity = "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
     .arguments = "[channel+]"},
    {.name = "shardchannels",
     .handler = &PubSubShardChannels,
     .arity = Arity::AtLeast(2),
     .flags = kQuestion,
     .group = "pubsub",
     .since = "7.0.0",
     .summary = "The shard channels that have subscribers.",
     .complexity = "O(N) where N is the number of active shard channels, and assuming constant "
                   "time pattern matching (relatively short shard channels).",
     .arguments = "[pattern]"},
    {.name = "shardnumsub",
     .handler = &PubSubShardNumSub,
     .arity = Arity::AtLeast(2),
     .flags = kQuestion,
     .group = "pubsub",
     .since = "7.0.0",
     .summary = "How many subscribers shard channels have.",
     .complexity = "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard "
                   "channels",
     .arguments = "[shardchannel+]"},
};

constexpr CommandSpec kRows[] = {
    {.name = "psubscribe",
     .handler = &PSubscribe,
     .arity = Arity::AtLeast(2),
     .flags = kSubscription | Flag::kSentinel,
     .group = "pubsub",
     .since = "2.0.0",
     .summary = "Asks for the messages of all channels whose names match patterns.",
     .complexity = "O(N) where N is the number of patterns to subscribe to.",
     .arguments = "pattern+"},
    {.name = "publish",
     .handler = &Publish,
     .arity = Arity::Exactly(3),
     .flags = kPublication | Flag::kSentinel,
     .group = "pubsub",
     .since = "2.0.0",
     .summary = "Sends a message to a channel's subscribers.",
     .complexity = "O(N+M) where N is the number of clients subscribed to the receiving channel "
                   "and M is the total number of subscribed patterns (by any client).",
     .arguments = "channel message"},
    {.name = "pubsub",
     .arity = Arity::AtLeast(2),
     .group = "pubsub",
     .since = "2.8.0",
     .summary = "Questions about channels and subscribers.",
     .complexity = "Depends on subcommand.",
     .subcommands = kQuestions},
    {.name = "punsubscribe",
     .handler = &PUnsubscribe,
     .arity = Arity::AtLeast(1),
     .flags = kSubscription | Flag::kSentinel,
     .group = "pubsub",
     .since = "2.0.0",
     .summary = "Ends subscriptions to patterns.",
     .complexity = "O(N) where N is the number of patterns to unsubscribe.",
     .arguments = "[pattern+]"},
    {.name = "spublish",
     .handler = &SPublish,
     .arity = Arity::Exactly(3),
     .flags = kPublication | Flag::kShardPubSub,
     .keys = {KeySpec::ShardChannels({.first = 1, .last = 1}, KeyFlag::kPublish)},
     .group = "pubsub",
     .since = "7.0.0",
     .summary = "Sends a message to a shard channel's subscribers.",
     .complexity =
         "O(N) where N is the number of clients subscribed to the receiving shard channel.",
     .arguments = "shardchannel message"},
    {.name = "ssubscribe",
     .handler = &SSubscribe,
     .arity = Arity::AtLeast(2),
     .flags = kSubscription | Flag::kShardPubSub,
     .keys = {KeySpec::ShardChannels({.first = 1, .last = -1}, KeyFlag::kSubscribe)},
     .group = "pubsub",
     .since = "7.0.0",
     .summary = "Asks for the messages of shard channels.",
     .complexity = "O(N) where N is the number of shard channels to subscribe to.",
     .arguments = "shardchannel+"},
    {.name = "subscribe",
     .handler = &Subscribe,
     .arity = Arity::AtLeast(2),
     .flags = kSubscription | Flag::kSentinel,
     .group = "pubsub",
     .since = "2.0.0",
     .summary = "Asks for the messages of channels.",
     .complexity = "O(N) where N is the number of channels to subscribe to.",
     .arguments = "channel+"},
    {.name = "sunsubscribe",
     .handler = &SUnsubscribe,
     .arity = Arity::AtLeast(1),
     .flags = kSubscription | Flag::kShardPubSub,
     .keys = {KeySpec::ShardChannels({.first = 1, .last = -1}, KeyFlag::kUnsubscribe)},
     .group = "pubsub",
     .since = "7.0.0",
     .summary = "Ends subscriptions to shard channels.",
     .complexity = "O(N) where N is the number of shard channels to unsubscribe.",
     .arguments = "[shardchannel+]"},
    {.name = "unsubscribe",
     .handler = &Unsubscribe,
     .arity = Arity::AtLeast(1),
     .flags = kSubscription | Flag::kSentinel,
     .group = "pubsub",
     .since = "2.0.0",
     .summary = "Ends subscriptions to channels.",
     .complexity = "O(N) where N is the number of channels to unsubscribe.",
     .arguments = "[channel+]"},
};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> PubSubCommands() { return kRows; }

}  // namespace slotmesh::node
