#include "node/command/registry.h"

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

constexpr CommandSpec kContainerRows[] = {
    {.name = "set", .arity = Arity::Exactly(3)},
    {.name = "get", .arity = Arity::Exactly(3)},
};
constexpr CommandSpec kRows[] = {
    {.name = "get", .arity = Arity::Exactly(2)},
    {.name = "set", .arity = Arity::AtLeast(3)},
    {.name = "config", .arity = Arity::AtLeast(2), .subcommands = kContainerRows},
};

class RenameTest : public testing::Test {
 protected:
  RenameTest() { EXPECT_TRUE(registry.AddFamily(kRows, nullptr).ok()); }
  std::string NameOf(const Command* command) {
    return command == nullptr ? "none" : command->full_name();
  }
  std::string Found(std::vector<std::string_view> words) { return NameOf(registry.Resolve(words)); }
  std::string Original(std::vector<std::string_view> words) {
    return NameOf(registry.ResolveOriginal(words));
  }

  Registry registry;
};

TEST_F(RenameTest, ACommandIsFoundUnderItsNewNameAlone) {
  EXPECT_TRUE(registry.Rename("GET", "Fetch-It-From-There").ok());
  EXPECT_EQ(Found({"get", "k"}), "none");
  EXPECT_EQ(Found({"fetch-it-from-THERE", "k"}), "get");
  EXPECT_TRUE(registry.Rename("config", "c").ok());
  EXPECT_EQ(Found({"c", "SET", "x"}), "config|set");
  EXPECT_EQ(registry.commands().size(), 3u);
}

TEST_F(RenameTest, AnEmptyNameRemovesIt) {
  EXPECT_TRUE(registry.Rename("get", "").ok());
  EXPECT_EQ(Found({"get", "k"}), "none");
  EXPECT_EQ(registry.commands().size(), 2u);
}

TEST_F(RenameTest, AJournalKnowsOriginalNames) {
  EXPECT_EQ(Original({"GET", "k"}), "get");
  EXPECT_TRUE(registry.Rename("set", "put").ok());
  EXPECT_TRUE(registry.Rename("get", "set").ok());
  EXPECT_TRUE(registry.Rename("config", "").ok());
  EXPECT_EQ(Found({"SET", "k"}), "get");
  EXPECT_EQ(Original({"SET", "k", "v"}), "set");
  EXPECT_EQ(Original({"put", "k", "v"}), "set");
  EXPECT_EQ(Original({"Config", "Set", "x"}), "config|set");
}

TEST_F(RenameTest, UnknownNamesAndTakenOnesAreRefused) {
  EXPECT_EQ(registry.Rename("nothing", "x").message(), "No such command in rename-command");
  EXPECT_EQ(registry.Rename("get", "SET").message(), "Target command name already exists");
  EXPECT_EQ(Found({"get", "k"}), "get");
  EXPECT_TRUE(registry.Rename("get", "GET").ok());
  EXPECT_EQ(Found({"get", "k"}), "get");
}

}  // namespace
}  // namespace slotmesh::node
