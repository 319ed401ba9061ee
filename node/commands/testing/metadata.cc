#include "node/commands/testing/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "bazel/shared_data.h"
#include "node/command/argument_notation.h"
#include "node/command/command_info.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using nlohmann::json;
using slots::KeySpec;
using testing::UnorderedElementsAreArray;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

std::vector<std::string> LowerAll(const json& list) {
  std::vector<std::string> words;
  for (const json& word : list) words.push_back(Lower(word));
  return words;
}

// Newer than the reference, or this server's own.
bool IsNewer(std::string_view name) {
  constexpr std::string_view kNewer[] = {
      "delifeq",  "hexpire",    "hexpireat",    "hexpiretime", "hgetdel", "hgetex", "hpersist",
      "hpexpire", "hpexpireat", "hpexpiretime", "hpttl",       "hsetex",  "httl",   "write-safety",
  };
  return std::find(std::begin(kNewer), std::end(kNewer), name) != std::end(kNewer);
}

// The row in the reference's form, as far as the reference says it.
json KeySpecAsJson(const KeySpec& spec) {
  json out;
  out["flags"] = json::array();
  for (const std::string_view flag : KeyFlagNames(spec.flags)) {
    out["flags"].push_back(Upper(flag));
  }
  switch (spec.begin) {
    case KeySpec::Begin::kUnknown:
      out["begin_search"]["unknown"] = nullptr;
      break;
    case KeySpec::Begin::kIndex:
      out["begin_search"]["index"]["pos"] = spec.position;
      break;
    case KeySpec::Begin::kKeyword:
      out["begin_search"]["keyword"] = {{"keyword", std::string(spec.keyword)},
                                        {"startfrom", spec.start_from}};
      break;
  }
  switch (spec.find) {
    case KeySpec::Find::kUnknown:
      out["find_keys"]["unknown"] = nullptr;
      break;
    case KeySpec::Find::kRange:
      out["find_keys"]["range"] = {
          {"lastkey", spec.last}, {"step", spec.step}, {"limit", spec.limit}};
      break;
    case KeySpec::Find::kKeyNum:
      out["find_keys"]["keynum"] = {
          {"keynumidx", spec.count_at}, {"firstkey", spec.first_key}, {"step", spec.step}};
      break;
  }
  return out;
}

json ArgumentsAsJson(const std::vector<Argument>& arguments) {
  json list = json::array();
  for (const Argument& argument : arguments) {
    json out = {{"name", argument.name}, {"type", std::string(argument.type)}};
    if (!argument.token.empty()) out["token"] = std::string(argument.token);
    if (argument.key_spec >= 0) out["key_spec_index"] = argument.key_spec;
    if (!argument.display.empty()) out["display"] = std::string(argument.display);
    if (!argument.since.empty()) out["since"] = std::string(argument.since);
    if (!argument.deprecated_since.empty()) {
      out["deprecated_since"] = std::string(argument.deprecated_since);
    }
    if (argument.optional) out["optional"] = true;
    if (argument.multiple) out["multiple"] = true;
    if (argument.multiple_token) out["multiple_token"] = true;
    if (!argument.arguments.empty()) out["arguments"] = ArgumentsAsJson(argument.arguments);
    list.push_back(std::move(out));
  }
  return list;
}

// Without what the notation leaves out: summaries, and a display text that is the name.
json WithoutTexts(json arguments) {
  for (json& argument : arguments) {
    argument.erase("summary");
    // One row of the reference has it as a text.
    if (argument.value("multiple", json()) == "true") argument["multiple"] = true;
    if (argument.contains("display") && argument["display"] == argument["name"]) {
      argument.erase("display");
    }
    if (argument.contains("arguments")) {
      argument["arguments"] = WithoutTexts(argument["arguments"]);
    }
  }
  return arguments;
}

// The order of a key spec's flags says nothing.
json WithSortedFlags(json specs) {
  for (json& spec : specs) {
    if (spec.contains("flags")) std::sort(spec["flags"].begin(), spec["flags"].end());
  }
  return specs;
}

void ExpectFlags(const CommandSpec& row, const json& want) {
  std::vector<std::string> flags;
  for (const std::string_view flag : FlagNames(row)) flags.emplace_back(flag);
  std::erase(flags, "movablekeys");
  std::vector<std::string> wanted = LowerAll(want.value("command_flags", json::array()));
  // Known to sentinels; COMMAND INFO does not show them.
  std::erase(wanted, "sentinel");
  std::erase(wanted, "only_sentinel");
  EXPECT_THAT(flags, UnorderedElementsAreArray(wanted));
  const json doc_flags = want.value("doc_flags", json::array());
  EXPECT_EQ(Has(row.flags, Flag::kDeprecated),
            std::find(doc_flags.begin(), doc_flags.end(), "DEPRECATED") != doc_flags.end());
  EXPECT_EQ(Has(row.flags, Flag::kSysCmd),
            std::find(doc_flags.begin(), doc_flags.end(), "SYSCMD") != doc_flags.end());
}

void ExpectRow(const CommandSpec& row, const std::string& name, const json& want) {
  SCOPED_TRACE(name);
  EXPECT_EQ(row.arity.value, want["arity"]);
  ExpectFlags(row, want);
  std::vector<std::string> categories;
  for (const std::string_view category : AclCategories().NamesOf(row.acl)) {
    categories.emplace_back(category);
  }
  EXPECT_THAT(categories,
              UnorderedElementsAreArray(LowerAll(want.value("acl_categories", json::array()))));
  const std::vector<std::string> tips(row.tips.begin(), row.tips.end());
  EXPECT_EQ(tips, LowerAll(want.value("command_tips", json::array())));
  json keys = json::array();
  for (const KeySpec& spec : row.keys) {
    if (spec.is_routed()) keys.push_back(KeySpecAsJson(spec));
  }
  EXPECT_EQ(WithSortedFlags(keys), WithSortedFlags(want.value("key_specs", json::array())));
  std::string group = want["group"];
  std::replace(group.begin(), group.end(), '_', '-');
  EXPECT_EQ(row.group, group);
  EXPECT_EQ(row.since, want["since"]);
  EXPECT_EQ(row.deprecated_since, want.value("deprecated_since", ""));
  EXPECT_EQ(row.replaced_by.empty(), !want.contains("replaced_by"));
  EXPECT_FALSE(row.complexity.empty());
  const json history = want.value("history", json::array());
  ASSERT_EQ(row.history.size(), history.size());
  for (size_t i = 0; i < history.size(); ++i) {
    EXPECT_EQ(row.history[i].since, history[i][0]);
    EXPECT_FALSE(row.history[i].change.empty());
  }
  const auto arguments = ParseArguments(row.arguments);
  ASSERT_TRUE(arguments.has_value()) << row.arguments;
  EXPECT_EQ(ArgumentsAsJson(*arguments), WithoutTexts(want.value("arguments", json::array())));
}

}  // namespace

std::optional<json> LoadReference() {
  const auto path = SharedFile("reference/commands.json");
  if (!path) return std::nullopt;
  std::ifstream file(*path);
  return json::parse(file);
}

void ForEachRow(absl::Span<const CommandSpec> rows, const std::string& parent,
                const std::function<void(const CommandSpec&, const std::string&)>& visit) {
  for (const CommandSpec& row : rows) {
    const std::string name = StrCat(parent, Upper(row.name));
    visit(row, name);
    ForEachRow(row.subcommands, name + " ", visit);
  }
}

size_t ExpectRowsAgree(absl::Span<const CommandSpec> rows, const json& reference) {
  size_t compared = 0;
  ForEachRow(rows, "", [&](const CommandSpec& row, const std::string& name) {
    if (IsNewer(row.name)) return;
    ASSERT_TRUE(reference.contains(name)) << name;
    ExpectRow(row, name, reference[name]);
    ++compared;
  });
  return compared;
}

void ExpectGroupComplete(const std::string& group,
                         absl::Span<const absl::Span<const CommandSpec>> families,
                         const json& reference) {
  std::vector<std::string> names;
  for (const auto rows : families) {
    ForEachRow(rows, "",
               [&](const CommandSpec&, const std::string& name) { names.push_back(name); });
  }
  for (const auto& [name, row] : reference.items()) {
    if (row["group"] != group) continue;
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

}  // namespace slotmesh::node
