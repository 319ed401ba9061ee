#include "node/command/command_info_docs.h"

#include <string_view>
#include <vector>

#include "node/command/argument_notation.h"
#include "node/command/command_info.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

// Writes pairs of a map whose size turns out as it goes.
class MapReply {
 public:
  explicit MapReply(Reply& reply) : reply_(reply), place_(reply.DeferMap()) {}

  Reply& Value(std::string_view name) {
    ++pairs_;
    reply_.Bulk(name);
    return reply_;
  }
  void Text(std::string_view name, std::string_view text) {
    if (!text.empty()) Value(name).Bulk(text);
  }
  void Finish() { reply_.Finish(place_, pairs_); }

 private:
  Reply& reply_;
  Reply::Deferred place_;
  size_t pairs_ = 0;
};

void ReplyArguments(const std::vector<Argument>& arguments, Reply& reply);

void ReplyArgument(const Argument& argument, Reply& reply) {
  MapReply map(reply);
  map.Text("name", argument.name);
  map.Text("type", argument.type);
  if (argument.arguments.empty()) {
    map.Text("display_text",
             argument.display.empty() ? std::string_view(argument.name) : argument.display);
  }
  if (argument.key_spec >= 0) map.Value("key_spec_index").Integer(argument.key_spec);
  map.Text("token", argument.token);
  map.Text("since", argument.since);
  map.Text("deprecated_since", argument.deprecated_since);
  std::vector<std::string_view> flags;
  if (argument.optional) flags.push_back("optional");
  if (argument.multiple) flags.push_back("multiple");
  if (argument.multiple_token) flags.push_back("multiple_token");
  if (!flags.empty()) ReplyNames(map.Value("flags"), flags);
  if (!argument.arguments.empty()) ReplyArguments(argument.arguments, map.Value("arguments"));
  map.Finish();
}

void ReplyArguments(const std::vector<Argument>& arguments, Reply& reply) {
  reply.Array(arguments.size());
  for (const Argument& argument : arguments) ReplyArgument(argument, reply);
}

}  // namespace

void ReplyCommandDocs(const Command& command, Reply& reply) {
  const CommandSpec& row = command.spec();
  reply.Bulk(command.full_name());
  MapReply map(reply);
  map.Text("summary", row.summary);
  map.Text("since", row.since);
  map.Text("group", row.group);
  map.Text("complexity", row.complexity);
  map.Text("module", row.module);
  std::vector<std::string_view> flags;
  if (Has(row.flags, Flag::kDeprecated)) flags.push_back("deprecated");
  if (Has(row.flags, Flag::kSysCmd)) flags.push_back("syscmd");
  if (!flags.empty()) ReplyNames(map.Value("doc_flags"), flags);
  map.Text("deprecated_since", row.deprecated_since);
  map.Text("replaced_by", row.replaced_by);
  if (!row.history.empty()) {
    map.Value("history").Set(row.history.size());
    for (const HistoryEntry& entry : row.history) {
      reply.BulkStrings({entry.since, entry.change});
    }
  }
  if (!row.arguments.empty()) {
    const auto arguments = ParseArguments(row.arguments);
    CHECK(arguments.has_value());
    ReplyArguments(*arguments, map.Value("arguments"));
  }
  if (!command.subcommands().empty()) {
    map.Value("subcommands").Map(command.subcommands().size());
    for (const auto& subcommand : command.subcommands()) ReplyCommandDocs(*subcommand, reply);
  }
  map.Finish();
}

}  // namespace slotmesh::node
