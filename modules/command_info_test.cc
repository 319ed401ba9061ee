#include "modules/command_info.h"

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node/command/argument_notation.h"

namespace slotmesh::modules {
namespace {

constexpr RedisModuleCommandInfoVersion kVersion = {1, sizeof(RedisModuleCommandHistoryEntry),
                                                    sizeof(RedisModuleCommandKeySpec),
                                                    sizeof(RedisModuleCommandArg)};

RedisModuleCommandArg Arg(const char* name, RedisModuleCommandArgType type) {
  RedisModuleCommandArg arg = {};
  arg.name = name;
  arg.type = type;
  return arg;
}

TEST(CommandInfoTest, RowShowsWhatWasSaidAfterTheModuleHasForgottenIt) {
  RedisModuleCommand command;
  {
    std::string summary = "Does this";
    RedisModuleCommandHistoryEntry history[] = {{"1.1.0", "Did that"}, {nullptr, nullptr}};
    RedisModuleCommandInfo info = {};
    info.version = &kVersion;
    info.summary = summary.c_str();
    info.since = "1.0.0";
    info.tips = "one two";
    info.arity = -3;
    info.history = history;
    ASSERT_TRUE(FillIn(info, command).ok());
    summary = "other words";
  }
  EXPECT_EQ(command.row.summary, "Does this");
  EXPECT_EQ(command.row.since, "1.0.0");
  EXPECT_EQ(command.row.arity.value, -3);
  ASSERT_EQ(command.row.tips.size(), 2u);
  EXPECT_EQ(command.row.tips[1], "two");
  ASSERT_EQ(command.row.history.size(), 1u);
  EXPECT_EQ(command.row.history[0].change, "Did that");
}

TEST(CommandInfoTest, KeySpecsAreThoseOfRows) {
  RedisModuleCommandKeySpec specs[3] = {};
  specs[0].flags = REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_UPDATE;
  specs[0].begin_search_type = REDISMODULE_KSPEC_BS_INDEX;
  specs[0].bs.index.pos = 2;
  specs[1].flags = REDISMODULE_CMD_KEY_RO;
  specs[1].begin_search_type = REDISMODULE_KSPEC_BS_KEYWORD;
  specs[1].bs.keyword = {"KEYS", 3};
  specs[1].find_keys_type = REDISMODULE_KSPEC_FK_KEYNUM;
  specs[1].fk.keynum = {0, 1, 1};
  RedisModuleCommandInfo info = {};
  info.version = &kVersion;
  info.key_specs = specs;
  RedisModuleCommand command;
  ASSERT_TRUE(FillIn(info, command).ok());
  ASSERT_EQ(command.row.keys.size(), 2u);
  const slots::KeySpec& first = command.row.keys[0];
  EXPECT_EQ(first.begin, slots::KeySpec::Begin::kIndex);
  EXPECT_EQ(first.position, 2);
  EXPECT_EQ(first.find, slots::KeySpec::Find::kRange);
  EXPECT_EQ(first.flags, slots::KeyFlag::kRw | slots::KeyFlag::kUpdate);
  EXPECT_EQ(command.row.keys[1].keyword, "KEYS");
  EXPECT_EQ(command.row.keys[1].find, slots::KeySpec::Find::kKeyNum);
}

TEST(CommandInfoTest, KeySpecWithoutOneAccessIsRefusedAndTheRowStays) {
  RedisModuleCommandKeySpec specs[2] = {};
  specs[0].flags = REDISMODULE_CMD_KEY_RW | REDISMODULE_CMD_KEY_RO;
  specs[0].begin_search_type = REDISMODULE_KSPEC_BS_INDEX;
  RedisModuleCommandInfo info = {};
  info.version = &kVersion;
  info.summary = "new";
  info.key_specs = specs;
  RedisModuleCommand command;
  command.row.summary = "old";
  EXPECT_EQ(FillIn(info, command).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(command.row.summary, "old");
}

TEST(CommandInfoTest, MoreThanARowHasRoomForIsRefused) {
  RedisModuleCommandInfo info = {};
  info.version = &kVersion;
  info.tips = "a b c d e f g h i j k l m n o p";
  RedisModuleCommand command;
  EXPECT_EQ(FillIn(info, command).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(command.row.tips.empty());
}

TEST(CommandInfoTest, ArgumentsReadAsCommandDocsShowsThem) {
  RedisModuleCommandArg parts[] = {Arg("seconds", REDISMODULE_ARG_TYPE_INTEGER),
                                   Arg("keep", REDISMODULE_ARG_TYPE_PURE_TOKEN),
                                   {}};
  parts[0].token = "EX";
  parts[1].token = "KEEPTTL";
  RedisModuleCommandArg args[] = {Arg("key", REDISMODULE_ARG_TYPE_KEY),
                                  Arg("value", REDISMODULE_ARG_TYPE_STRING),
                                  Arg("expiry", REDISMODULE_ARG_TYPE_ONEOF),
                                  {}};
  args[1].flags = REDISMODULE_CMD_ARG_MULTIPLE;
  args[1].display_text = "a value";
  args[2].flags = REDISMODULE_CMD_ARG_OPTIONAL;
  args[2].since = "1.2.0";
  args[2].subargs = parts;
  RedisModuleCommandInfo info = {};
  info.version = &kVersion;
  info.args = args;
  RedisModuleCommand command;
  ASSERT_TRUE(FillIn(info, command).ok());
  const auto read = node::ParseArguments(command.row.arguments);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ((*read)[0].type, "key");
  EXPECT_EQ((*read)[0].key_spec, 0);
  EXPECT_TRUE((*read)[1].multiple);
  EXPECT_EQ((*read)[1].display, "a value");
  EXPECT_TRUE((*read)[2].optional);
  EXPECT_EQ((*read)[2].since, "1.2.0");
  ASSERT_EQ((*read)[2].arguments.size(), 2u);
  EXPECT_EQ((*read)[2].arguments[0].token, "EX");
  EXPECT_EQ((*read)[2].arguments[1].type, "pure-token");
}

TEST(CommandInfoTest, ArgumentsOfAnOlderHeaderAreReadWithItsSizes) {
  constexpr size_t kOldSize = 64;
  RedisModuleCommandInfoVersion version = kVersion;
  version.sizeof_arg = kOldSize;
  std::vector<char> array(3 * kOldSize);
  const RedisModuleCommandArg args[] = {Arg("one", REDISMODULE_ARG_TYPE_STRING),
                                        Arg("two", REDISMODULE_ARG_TYPE_DOUBLE)};
  for (size_t i = 0; i < 2; ++i) std::memcpy(&array[i * kOldSize], &args[i], kOldSize);
  RedisModuleCommandInfo info = {};
  info.version = &version;
  info.args = reinterpret_cast<RedisModuleCommandArg*>(array.data());
  RedisModuleCommand command;
  ASSERT_TRUE(FillIn(info, command).ok());
  EXPECT_EQ(command.row.arguments, "one:string two:double");
}

TEST(CommandInfoTest, ArgumentsThatCannotBeShownAreRefused) {
  RedisModuleCommandArg args[] = {Arg("key", REDISMODULE_ARG_TYPE_KEY), {}};
  RedisModuleCommandInfo info = {};
  info.version = &kVersion;
  info.args = args;
  RedisModuleCommand command;
  args[0].key_spec_index = -1;
  EXPECT_FALSE(FillIn(info, command).ok());
  args[0] = Arg("a b", REDISMODULE_ARG_TYPE_STRING);
  EXPECT_FALSE(FillIn(info, command).ok());
  args[0] = Arg("block", REDISMODULE_ARG_TYPE_BLOCK);
  EXPECT_FALSE(FillIn(info, command).ok());
  args[0] = Arg("token", REDISMODULE_ARG_TYPE_PURE_TOKEN);
  EXPECT_FALSE(FillIn(info, command).ok());
  args[0] = Arg("token", REDISMODULE_ARG_TYPE_STRING);
  args[0].flags = 1 << 9;
  EXPECT_FALSE(FillIn(info, command).ok());
}

}  // namespace
}  // namespace slotmesh::modules
