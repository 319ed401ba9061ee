#include "functions/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slotmesh::functions {
namespace {

using node::Flag;
using testing::ElementsAre;

std::string ErrorOf(const absl::Status& status) { return std::string(status.message()); }

TEST(ParseScript, TextWithoutMarkDeclaresNothing) {
  const auto head = ParseScript("return 1");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->flags, ScriptFlag::kUndeclared);
  EXPECT_EQ(head->body, "return 1");
}

TEST(ParseScript, FirstLineGivesFlagsAndStaysAsEmptyLine) {
  const auto head = ParseScript("#!lua flags=no-writes,allow-stale\nreturn 1");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->flags, ScriptFlag::kNoWrites | ScriptFlag::kAllowStale);
  EXPECT_EQ(head->body, "\nreturn 1");
}

TEST(ParseScript, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(ErrorOf(ParseScript("#!lua").status()), "Invalid script shebang");
  EXPECT_EQ(ErrorOf(ParseScript("#!js\n").status()), "Unexpected engine in script shebang: #!js");
  EXPECT_EQ(ErrorOf(ParseScript("#!lua name=x\n").status()), "Unknown lua shebang option: name=x");
  EXPECT_EQ(ErrorOf(ParseScript("#!lua flags=no-writes,x\n").status()),
            "Unexpected flag in script shebang: x");
}

TEST(ParseLibrary, NeedsEngineAndName) {
  const auto head = ParseLibrary("#!LUA name=\"mylib\"\ncode");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->engine, "LUA");
  EXPECT_EQ(head->name, "mylib");
  EXPECT_EQ(head->body, "\ncode");
}

TEST(ParseLibrary, SaysWhatIsWrong) {
  EXPECT_EQ(ErrorOf(ParseLibrary("x").status()), "Missing library metadata");
  EXPECT_EQ(ErrorOf(ParseLibrary("#!lua").status()), "Invalid library metadata");
  EXPECT_EQ(ErrorOf(ParseLibrary("#!lua name='a\n").status()), "Invalid library metadata");
  EXPECT_EQ(ErrorOf(ParseLibrary("#!lua\n").status()), "Library name was not given");
  EXPECT_EQ(ErrorOf(ParseLibrary("#!lua nam=a\n").status()), "Invalid metadata value given: nam=a");
  EXPECT_EQ(ErrorOf(ParseLibrary("#!lua name=a name=b\n").status()),
            "Invalid metadata value, name argument was given multiple times");
  EXPECT_EQ(ErrorOf(ParseLibrary("#!lua name=a-b\n").status()), kBadName);
  EXPECT_EQ(ErrorOf(ParseLibrary("#!lua name=\n").status()), kBadName);
}

TEST(CommandFlags, RowHoldsForWhatDeclaresNothing) {
  const Flag row = Flag::kMayReplicate | Flag::kStale;
  EXPECT_EQ(CommandFlags(row, ScriptFlag::kUndeclared), row);
}

TEST(CommandFlags, DeclarationTakesTheRowsPlace) {
  const Flag row = Flag::kNoScript | Flag::kMayReplicate | Flag::kStale;
  EXPECT_EQ(CommandFlags(row, ScriptFlag::kNone), Flag::kNoScript | Flag::kDenyOom | Flag::kWrite);
  EXPECT_EQ(CommandFlags(row, ScriptFlag::kNoWrites), Flag::kNoScript);
  EXPECT_EQ(CommandFlags(row, ScriptFlag::kAllowOom | ScriptFlag::kAllowStale),
            Flag::kNoScript | Flag::kWrite | Flag::kStale);
}

TEST(FlagNames, AreThoseThatAreParsed) {
  for (const std::string_view name :
       FlagNames(ScriptFlag::kNoWrites | ScriptFlag::kAllowOom | ScriptFlag::kAllowStale |
                 ScriptFlag::kNoCluster | ScriptFlag::kAllowCrossSlotKeys)) {
    const auto flag = ParseFlag(name);
    ASSERT_TRUE(flag.has_value());
    EXPECT_THAT(FlagNames(*flag), ElementsAre(name));
  }
  EXPECT_FALSE(ParseFlag("No-Writes").has_value());
}

}  // namespace
}  // namespace slotmesh::functions
