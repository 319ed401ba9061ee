#include "node/commands/client_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/acl/fake_commands.h"
#include "node/acl/user.h"
#include "node/commands/client_line.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

absl::StatusOr<ClientFilter> Parse(const std::vector<std::string_view>& words) {
  return ClientFilter::Parse(words, [](std::string_view name) { return name == "default"; });
}

std::string ErrorOf(const std::vector<std::string_view>& words) {
  return std::string(ToStd(Parse(words).status().message()));
}

TEST(ClientFilter, AllOptionsMustMatch) {
  Client client(7, nullptr);
  client.address = "1.2.3.4:5";
  client.local_address = "9.9.9.9:6379";
  client.created_ms = 1000;
  EXPECT_TRUE(Parse({})->Matches(client, 1000));
  EXPECT_TRUE(Parse({"id", "3", "7"})->Matches(client, 1000));
  EXPECT_FALSE(Parse({"ID", "3"})->Matches(client, 1000));
  EXPECT_TRUE(Parse({"ID", "7", "ADDR", "1.2.3.4:5"})->Matches(client, 1000));
  EXPECT_FALSE(Parse({"ID", "7", "ADDR", "1.2.3.4:6"})->Matches(client, 1000));
  EXPECT_FALSE(Parse({"LADDR", "1.2.3.4:5"})->Matches(client, 1000));
  EXPECT_FALSE(Parse({"USER", "default"})->Matches(client, 1000));
  const FakeAclCommands commands;
  const AclEnvironment environment{commands};
  client.user = std::make_shared<AclUser>("default", environment);
  EXPECT_TRUE(Parse({"TYPE", "normal", "USER", "default"})->Matches(client, 1000));
  EXPECT_FALSE(Parse({"TYPE", "pubsub"})->Matches(client, 1000));
  EXPECT_FALSE(Parse({"MAXAGE", "5"})->Matches(client, 5999));
  EXPECT_TRUE(Parse({"MAXAGE", "5"})->Matches(client, 6000));
}

TEST(ClientFilter, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(ErrorOf({"ID"}), "syntax error");
  EXPECT_EQ(ErrorOf({"ID", "x"}), "client-id should be greater than 0");
  EXPECT_EQ(ErrorOf({"ID", "0"}), "client-id should be greater than 0");
  EXPECT_EQ(ErrorOf({"ID", "1", "-1"}), "client-id should be greater than 0");
  EXPECT_EQ(ErrorOf({"TYPE", "x"}), "Unknown client type 'x'");
  EXPECT_EQ(ErrorOf({"USER", "bob"}), "No such user 'bob'");
  EXPECT_EQ(ErrorOf({"SKIPME", "maybe"}), "syntax error");
  EXPECT_EQ(ErrorOf({"MAXAGE", "x"}), "maxage is not an integer or out of range");
  EXPECT_EQ(ErrorOf({"MAXAGE", "0"}), "maxage should be greater than 0");
  EXPECT_EQ(ErrorOf({"FOO", "1"}), "syntax error");
}

TEST(ClientLine, FlagsAreLetters) {
  Client client(1, nullptr);
  EXPECT_EQ(ClientFlagLetters(client), "N");
  client.transaction.active = true;
  client.watch_broken = true;
  client.no_evict = true;
  EXPECT_EQ(ClientFlagLetters(client), "xde");
}

TEST(ClientLine, TellsTimesInSecondsAndTransactionsByLength) {
  Client client(1, nullptr);
  client.address = "1.2.3.4:5";
  client.created_ms = 1000;
  client.last_interaction_ms = 3500;
  client.name = "bob";
  const std::string line = ClientLine(client, 2, 11'999);
  EXPECT_NE(line.find("id=1 addr=1.2.3.4:5 "), std::string::npos) << line;
  EXPECT_NE(line.find(" name=bob age=10 idle=8 flags=N "), std::string::npos) << line;
  EXPECT_NE(line.find(" multi=-1 watch=2 "), std::string::npos) << line;
  client.transaction.active = true;
  EXPECT_NE(ClientLine(client, 0, 11'999).find(" multi=0 watch=0 "), std::string::npos);
}

}  // namespace
}  // namespace slotmesh::node
