#include "node/command/command_info.h"

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

template <typename Bit>
struct Named {
  Bit bit;
  std::string_view name;
};

constexpr Named<Flag> kFlagNames[] = {
    {Flag::kWrite, "write"},
    {Flag::kReadOnly, "readonly"},
    {Flag::kDenyOom, "denyoom"},
    {Flag::kAdmin, "admin"},
    {Flag::kPubSub, "pubsub"},
    {Flag::kNoScript, "noscript"},
    {Flag::kBlocking, "blocking"},
    {Flag::kLoading, "loading"},
    {Flag::kStale, "stale"},
    {Flag::kSkipMonitor, "skip_monitor"},
    {Flag::kSkipCommandLog, "skip_commandlog"},
    {Flag::kAsking, "asking"},
    {Flag::kFast, "fast"},
    {Flag::kNoAuth, "no_auth"},
    {Flag::kMayReplicate, "may_replicate"},
    {Flag::kNoMandatoryKeys, "no_mandatory_keys"},
    {Flag::kProtected, "protected"},
    {Flag::kNoAsyncLoading, "no_async_loading"},
    {Flag::kNoMulti, "no_multi"},
    {Flag::kModule, "module"},
};
constexpr Named<Flag> kLastFlagNames[] = {
    {Flag::kAllowBusy, "allow_busy"},
    {Flag::kTouchesArbitraryKeys, "touches_arbitrary_keys"},
};

constexpr Named<slots::KeyFlag> kKeyFlagNames[] = {
    {slots::KeyFlag::kRo, "RO"},
    {slots::KeyFlag::kRw, "RW"},
    {slots::KeyFlag::kOw, "OW"},
    {slots::KeyFlag::kRm, "RM"},
    {slots::KeyFlag::kAccess, "access"},
    {slots::KeyFlag::kUpdate, "update"},
    {slots::KeyFlag::kInsert, "insert"},
    {slots::KeyFlag::kDelete, "delete"},
    {slots::KeyFlag::kNotKey, "not_key"},
    {slots::KeyFlag::kIncomplete, "incomplete"},
    {slots::KeyFlag::kVariableFlags, "variable_flags"},
};

template <typename Bits, size_t kCount>
void AppendNames(Bits bits, const Named<Bits> (&table)[kCount],
                 std::vector<std::string_view>* names) {
  for (const Named<Bits>& entry : table) {
    if (Has(bits, entry.bit)) names->push_back(entry.name);
  }
}

using slots::KeySpec;

void ReplyPair(Reply& reply, std::string_view name, int value) {
  reply.Bulk(name);
  reply.Integer(value);
}

void ReplyBegin(Reply& reply, const KeySpec& spec) {
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  switch (spec.begin) {
    case KeySpec::Begin::kUnknown:
      reply.Bulk("unknown");
      reply.Bulk("spec");
      return reply.Map(0);
    case KeySpec::Begin::kIndex:
      reply.Bulk("index");
      reply.Bulk("spec");
      reply.Map(1);
      return ReplyPair(reply, "index", spec.position);
    case KeySpec::Begin::kKeyword:
      reply.Bulk("keyword");
      reply.Bulk("spec");
      reply.Map(2);
      reply.Bulk("keyword");
      reply.Bulk(spec.keyword);
      return ReplyPair(reply, "startfrom", spec.start_from);
  }
}

void ReplyFind(Reply& reply, const KeySpec& spec) {
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  switch (spec.find) {
    case KeySpec::Find::kUnknown:
      reply.Bulk("unknown");
      reply.Bulk("spec");
      return reply.Map(0);
    case KeySpec::Find::kRange:
      reply.Bulk("range");
      reply.Bulk("spec");
      reply.Map(3);
      ReplyPair(reply, "lastkey", spec.last);
      ReplyPair(reply, "keystep", spec.step);
      return ReplyPair(reply, "limit", spec.limit);
    case KeySpec::Find::kKeyNum:
      reply.Bulk("keynum");
      reply.Bulk("spec");
      reply.Map(3);
      ReplyPair(reply, "keynumidx", spec.count_at);
      ReplyPair(reply, "firstkey", spec.first_key);
      return ReplyPair(reply, "keystep", spec.step);
  }
}

void ReplyKeySpecs(Reply& reply, const CommandSpec& row) {
  size_t shown = 0;
  for (const KeySpec& spec : row.keys) shown += spec.is_routed() ? 1 : 0;
  reply.Set(shown);
  for (const KeySpec& spec : row.keys) {
    if (!spec.is_routed()) continue;
    reply.Map(3);
    reply.Bulk("flags");
    ReplyNames(reply, KeyFlagNames(spec.flags));
    ReplyBegin(reply, spec);
    ReplyFind(reply, spec);
  }
}

}  // namespace

std::vector<std::string_view> FlagNames(const CommandSpec& row) {
  std::vector<std::string_view> names;
  AppendNames(row.flags, kFlagNames, &names);
  // Keys that only the command itself knows move, too.
  const bool by_function =
      row.get_keys.decides_alone() || (row.keys.empty() && row.get_keys != nullptr);
  if (by_function || slots::DeriveLegacyKeys(row.keys).movable) names.push_back("movablekeys");
  AppendNames(row.flags, kLastFlagNames, &names);
  return names;
}

std::vector<std::string_view> KeyFlagNames(slots::KeyFlag flags) {
  std::vector<std::string_view> names;
  AppendNames(flags, kKeyFlagNames, &names);
  return names;
}

void ReplyNames(Reply& reply, const std::vector<std::string_view>& names, std::string_view prefix) {
  reply.Set(names.size());
  for (const std::string_view name : names) reply.Simple(StrCat(prefix, name));
}

void ReplyCommandInfo(const Command& command, const AclCategories& categories, Reply& reply) {
  const CommandSpec& row = command.spec();
  const slots::LegacyKeys legacy = slots::DeriveLegacyKeys(row.keys);
  reply.Array(10);
  reply.Bulk(command.full_name());
  reply.Integer(row.arity.value);
  ReplyNames(reply, FlagNames(row));
  reply.Integer(legacy.first);
  reply.Integer(legacy.last);
  reply.Integer(legacy.step);
  ReplyNames(reply, categories.NamesOf(command.acl()), "@");
  reply.Set(row.tips.size());
  for (const std::string_view tip : row.tips) reply.Bulk(tip);
  ReplyKeySpecs(reply, row);
  if (command.subcommands().empty()) return reply.Set(0);
  reply.Array(command.subcommands().size());
  for (const auto& subcommand : command.subcommands()) {
    ReplyCommandInfo(*subcommand, categories, reply);
  }
}

}  // namespace slotmesh::node
