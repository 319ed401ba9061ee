#include "node/resp/errors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slotmesh::node {
namespace {

TEST(ErrorsTest, CodesAreSplitOff) {
  const auto expect = [](std::string_view wire, std::string_view code, std::string_view text) {
    const WireErrorParts parts = SplitWireError(wire);
    EXPECT_EQ(parts.code, code) << wire;
    EXPECT_EQ(parts.text, text) << wire;
  };
  expect(errors::kWrongType, "WRONGTYPE",
         "Operation against a key holding the wrong kind of value");
  expect("ERR syntax error", "ERR", "syntax error");
  expect("syntax error", "ERR", "syntax error");
  expect("DB index is out of range", "ERR", "DB index is out of range");
  expect("-x y", "x", "y");
  expect("-MY_CODE1 y", "MY_CODE1", "y");
  expect("MOVED 1 h:1", "MOVED", "1 h:1");
  expect("OOM", "OOM", "");
  expect("", "ERR", "");
  expect("-", "ERR", "");
  expect("Error in script", "ERR", "Error in script");
}

TEST(ErrorsTest, StatusKeepsItsCode) {
  const absl::Status status = WireStatus(errors::kCrossSlot);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(WireText(status), errors::kCrossSlot);
  EXPECT_EQ(WireText(WireStatus("no code")), "ERR no code");
  EXPECT_EQ(WireText(absl::NotFoundError("file x")), "ERR file x");
  EXPECT_EQ(WireText(WireStatus("-ONLYCODE")), "ONLYCODE");
}

TEST(ErrorsTest, BuildersWordThemAsRedis) {
  const std::vector<std::string_view> args = {"foo", "a", "b\0c"};
  EXPECT_EQ(UnknownCommand(args), "ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
  const std::string longest(300, 'n');
  const std::string text = UnknownCommand(std::vector<std::string_view>{longest, longest, "x"});
  EXPECT_EQ(text, "ERR unknown command '" + longest.substr(0, 128) +
                      "', with args beginning with: '" + longest.substr(0, 128) + "' ");
  EXPECT_EQ(WrongArity("config|get"), "ERR wrong number of arguments for 'config|get' command");
  EXPECT_EQ(UnknownSubcommand("config", "x"), "ERR unknown subcommand 'x'. Try CONFIG HELP.");
  EXPECT_EQ(SubcommandSyntax("Object", "x"),
            "ERR unknown subcommand or wrong number of arguments for 'x'. Try OBJECT HELP.");
  EXPECT_EQ(InvalidExpire("set"), "ERR invalid expire time in 'set' command");
  EXPECT_EQ(Moved(3999, "127.0.0.1:7001"), "MOVED 3999 127.0.0.1:7001");
}

}  // namespace
}  // namespace slotmesh::node
