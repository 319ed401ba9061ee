#include "node/commands/migrate_exchange.h"

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

class Exchange {
 public:
  explicit Exchange(MigrateExchange::Wish wish) : machine(std::move(wish)) {}

  // What is sent now. Each key's value is its name in capitals; "gone" is not there.
  std::string Fill() {
    std::string out;
    machine.Fill(
        [this](const std::string& key, MigrateExchange::Value* value) {
          if (key == "gone") return false;
          value->payload = payload.empty() ? "<" + key + ">" : payload;
          value->ttl_ms = ttl_ms;
          return true;
        },
        &out);
    return out;
  }
  bool Say(std::string_view bytes) { return machine.OnBytes(bytes, &taken); }

  MigrateExchange machine;
  std::string payload;
  int64_t ttl_ms = 0;
  std::vector<std::string> taken;
};

TEST(MigrateExchange, RestoresKeyAfterKeyAndSaysWhichWereTaken) {
  Exchange exchange({.keys = {"a", "gone", "bc"}});
  EXPECT_EQ(exchange.Fill(),
            "*4\r\n$7\r\nRESTORE\r\n$1\r\na\r\n$1\r\n0\r\n$3\r\n<a>\r\n"
            "*4\r\n$7\r\nRESTORE\r\n$2\r\nbc\r\n$1\r\n0\r\n$4\r\n<bc>\r\n");
  EXPECT_FALSE(exchange.machine.done());
  EXPECT_TRUE(exchange.Say("+O"));
  EXPECT_FALSE(exchange.machine.any_reply());
  EXPECT_TRUE(exchange.Say("K\r\n+OK\r\n"));
  EXPECT_TRUE(exchange.machine.done());
  EXPECT_EQ(exchange.taken, (std::vector<std::string>{"a", "bc"}));
  EXPECT_EQ(exchange.machine.error(), "");
}

TEST(MigrateExchange, AsksToReplaceAndComesAsIfBehindAsking) {
  Exchange exchange({.asking = true, .replace = true, .keys = {"a"}});
  exchange.ttl_ms = 1500;
  EXPECT_EQ(exchange.Fill(),
            "*5\r\n$14\r\nRESTORE-ASKING\r\n$1\r\na\r\n$4\r\n1500\r\n$3\r\n<a>\r\n"
            "$7\r\nREPLACE\r\n");
}

TEST(MigrateExchange, SendsNoKeyBeforeLoginAndDatabaseAreAccepted) {
  Exchange exchange({.login = {{.user = "u", .password = "p"}}, .select = 3, .keys = {"a"}});
  EXPECT_EQ(exchange.Fill(),
            "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n");
  EXPECT_EQ(exchange.Fill(), "");
  EXPECT_TRUE(exchange.Say("+OK\r\n"));
  EXPECT_EQ(exchange.Fill(), "");
  EXPECT_TRUE(exchange.Say("+OK\r\n"));
  EXPECT_NE(exchange.Fill(), "");
  EXPECT_FALSE(exchange.machine.done());
}

TEST(MigrateExchange, ARefusedDatabaseEndsItWithoutAKeySent) {
  Exchange exchange({.select = 99, .keys = {"a"}});
  EXPECT_NE(exchange.Fill(), "");
  EXPECT_TRUE(exchange.Say("-ERR DB index is out of range\r\n"));
  EXPECT_EQ(exchange.Fill(), "");
  EXPECT_TRUE(exchange.machine.done());
  EXPECT_EQ(exchange.machine.error(), "ERR DB index is out of range");
}

TEST(MigrateExchange, TheDefaultUsersPasswordStandsAlone) {
  Exchange exchange({.login = {{.user = "", .password = "p"}}, .keys = {"a"}});
  EXPECT_EQ(exchange.Fill(), "*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n");
}

TEST(MigrateExchange, AfterAnErrorTheOtherKeysStillCount) {
  Exchange exchange({.keys = {"a", "b", "c"}});
  exchange.Fill();
  EXPECT_TRUE(exchange.Say("+OK\r\n-BUSYKEY Target key name already exists.\r\n"));
  EXPECT_FALSE(exchange.machine.done());
  EXPECT_TRUE(exchange.Say("+OK\r\n"));
  EXPECT_TRUE(exchange.machine.done());
  EXPECT_EQ(exchange.taken, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(exchange.machine.error(), "BUSYKEY Target key name already exists.");
}

TEST(MigrateExchange, RepliesOfAnotherKindOrTooManyMeanABrokenTarget) {
  for (const std::string_view bytes :
       {":1\r\n", "$2\r\nOK\r\n", "+OK\r\n+OK\r\n", "HTTP/1.1\r\n"}) {
    Exchange exchange({.keys = {"a"}});
    exchange.Fill();
    EXPECT_FALSE(exchange.Say(bytes)) << bytes;
  }
}

TEST(MigrateExchange, TakesNoMoreValuesThanThereIsRoomFor) {
  Exchange exchange({.keys = {"a", "b", "c"}});
  exchange.payload = std::string(MigrateExchange::kFillBytes, 'x');
  EXPECT_LT(exchange.Fill().size(), MigrateExchange::kFillBytes + 100);
  EXPECT_FALSE(exchange.machine.done());
  EXPECT_TRUE(exchange.Say("+OK\r\n"));
  EXPECT_FALSE(exchange.machine.done());
}

}  // namespace
}  // namespace slotmesh::node
