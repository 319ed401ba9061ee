#include "node/acl/user.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/acl/fake_commands.h"
#include "node/acl/password.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using slots::KeyFlag;
using slots::KeySpec;

constexpr KeyFlag kReads = KeyFlag::kRo | KeyFlag::kAccess;
constexpr KeyFlag kWrites = KeyFlag::kOw | KeyFlag::kUpdate;

class AclUserTest : public testing::Test {
 protected:
  // Why the rule is refused; empty: it is not.
  std::string Apply(std::string_view rule) {
    return std::string(ToStd(user_.Apply(rule).message()));
  }
  void ApplyAll(std::initializer_list<std::string_view> rules) {
    for (const std::string_view rule : rules) EXPECT_EQ(Apply(rule), "") << rule;
  }
  AclVerdict Check(std::vector<std::string_view> words) {
    std::vector<KeySpec> specs;
    std::string name(words[0]);
    if (name == "get") specs = {KeySpec::At(1, kReads)};
    if (name == "set") specs = {KeySpec::At(1, kWrites)};
    if (name == "publish") specs = {KeySpec::Channels({1, 1}, KeyFlag::kPublish)};
    if (name == "subscribe") specs = {KeySpec::Channels({1, -1}, KeyFlag::kSubscribe)};
    if (name == "psubscribe") {
      specs = {KeySpec::Channels({1, -1}, KeyFlag::kSubscribe | KeyFlag::kPattern)};
    }
    if (name == "config") name += StrCat("|", words[1]);
    AclRequest request({.id = commands_.IdOf(name), .specs = specs}, words);
    return user_.Check(request);
  }
  bool Allows(std::vector<std::string_view> words) { return Check(std::move(words)).allowed(); }

  FakeAclCommands commands_;
  AclEnvironment environment_{commands_};
  AclUser user_{"alice", environment_};
};

TEST_F(AclUserTest, IsNewWithoutAnyRight) {
  EXPECT_EQ(user_.Describe(), "off sanitize-payload resetchannels -@all");
  EXPECT_FALSE(user_.unrestricted());
  EXPECT_FALSE(user_.Accepts(""));
  EXPECT_EQ(Check({"get", "k"}), (AclVerdict{AclDenial::kCommand, 0}));
}

TEST_F(AclUserTest, WithAllRightsNothingIsLookedAt) {
  ApplyAll({"allkeys", "allchannels"});
  EXPECT_FALSE(user_.unrestricted());
  ApplyAll({"+@all"});
  EXPECT_TRUE(user_.unrestricted());
  EXPECT_EQ(user_.Describe(), "off sanitize-payload ~* &* +@all");
  ApplyAll({"-get"});
  EXPECT_FALSE(user_.unrestricted());
  ApplyAll({"+get"});
  EXPECT_TRUE(user_.unrestricted());
}

TEST_F(AclUserTest, RulesOnCommandsHoldInTheirOrder) {
  ApplyAll({"+@admin", "-config|set", "+GET"});
  EXPECT_TRUE(Allows({"config", "get"}));
  EXPECT_FALSE(Allows({"config", "set"}));
  EXPECT_EQ(user_.selectors()[0].DescribeCommands(), "-@all +@admin -config|set +get");
  ApplyAll({"+config|set", "-@admin"});
  EXPECT_FALSE(Allows({"config", "set"}));
  EXPECT_EQ(user_.selectors()[0].DescribeCommands(), "-@all +get +config|set -@admin");
}

TEST_F(AclUserTest, ARuleOnACommandDropsThoseOnItsSubcommands) {
  ApplyAll({"+config|get", "+config|set", "-config"});
  EXPECT_EQ(user_.selectors()[0].DescribeCommands(), "-@all -config");
  EXPECT_FALSE(Allows({"config", "get"}));
  ApplyAll({"+config"});
  EXPECT_TRUE(Allows({"config", "get"}));
}

TEST_F(AclUserTest, FirstWordsOfACommandAreOnlyAdded) {
  ApplyAll({"+select|0"});
  EXPECT_TRUE(Allows({"select", "0"}));
  EXPECT_FALSE(Allows({"select", "1"}));
  EXPECT_EQ(Apply("-select|0"), "Unknown command or category name in ACL");
  EXPECT_EQ(Apply("+select|"), "Syntax error");
  EXPECT_EQ(Apply("+config|get|x"), "Allowing first-arg of a subcommand is not supported");
  ApplyAll({"-select"});
  EXPECT_FALSE(Allows({"select", "0"}));
}

TEST_F(AclUserTest, CommandsThatComeLaterAreAllowedOnlyBehindAll) {
  ApplyAll({"+@read"});
  commands_.Add({"module.read", "read"});
  commands_.Add({"module.other", "slow"});
  EXPECT_TRUE(Allows({"module.read"}));
  EXPECT_FALSE(Allows({"module.other"}));
  ApplyAll({"+@all", "-@write"});
  commands_.Add({"late", "slow"});
  commands_.Add({"late.write", "write"});
  EXPECT_TRUE(Allows({"late"}));
  EXPECT_FALSE(Allows({"late.write"}));
}

TEST_F(AclUserTest, PatternsOfKeysTellReadingFromWriting) {
  ApplyAll({"+@all", "%R~r*", "%W~w*", "~b*"});
  EXPECT_TRUE(Allows({"get", "r1"}));
  EXPECT_EQ(Check({"set", "r1", "v"}), (AclVerdict{AclDenial::kKey, 1}));
  EXPECT_TRUE(Allows({"set", "w1", "v"}));
  EXPECT_FALSE(Allows({"get", "w1"}));
  EXPECT_TRUE(Allows({"get", "b1"}));
  EXPECT_TRUE(Allows({"set", "b1", "v"}));
  EXPECT_EQ(user_.selectors()[0].DescribeKeys(), "%R~r* %W~w* ~b*");
  ApplyAll({"%WR~r*"});
  EXPECT_EQ(user_.selectors()[0].DescribeKeys(), "~r* %W~w* ~b*");
  ApplyAll({"resetkeys"});
  EXPECT_FALSE(Allows({"get", "b1"}));
}

TEST_F(AclUserTest, RefusesPatternsThatCannotBe) {
  for (const std::string_view rule : {"%~k", "%k", "%RR~k", "%", "%R", "~a b", "&a\tb", "%X~k"}) {
    EXPECT_EQ(Apply(rule), "Syntax error") << rule;
  }
  ApplyAll({"allkeys", "allchannels"});
  EXPECT_THAT(Apply("~k"), testing::StartsWith("Adding a pattern after the * pattern"));
  EXPECT_THAT(Apply("&c"), testing::HasSubstr("resetchannels"));
}

TEST_F(AclUserTest, SubscribedPatternsMustBeAmongTheRules) {
  ApplyAll({"+@all", "&news.*"});
  EXPECT_TRUE(Allows({"publish", "news.a", "x"}));
  EXPECT_EQ(Check({"publish", "other", "x"}), (AclVerdict{AclDenial::kChannel, 1}));
  EXPECT_EQ(Check({"subscribe", "news.a", "b"}), (AclVerdict{AclDenial::kChannel, 2}));
  EXPECT_TRUE(Allows({"psubscribe", "news.*"}));
  EXPECT_FALSE(Allows({"psubscribe", "news.a*"}));
}

TEST_F(AclUserTest, OneSelectorHasToAllowAllOfARequest) {
  ApplyAll({"+get", "~a*", "(+set ~b*)"});
  EXPECT_TRUE(Allows({"get", "a1"}));
  EXPECT_TRUE(Allows({"set", "b1", "v"}));
  EXPECT_EQ(Check({"set", "a1", "v"}), (AclVerdict{AclDenial::kKey, 1}));
  EXPECT_EQ(Check({"get", "b1"}), (AclVerdict{AclDenial::kKey, 1}));
  EXPECT_EQ(user_.Describe(),
            "off sanitize-payload ~a* resetchannels -@all +get (~b* resetchannels -@all +set)");
  EXPECT_EQ(Apply("(+set +nosuch)"), "Unknown command or category name in ACL");
  EXPECT_EQ(Apply("(on)"), "Syntax error");
  EXPECT_EQ(Apply("(+get ~x))"), "Syntax error");
  ApplyAll({"clearselectors"});
  EXPECT_FALSE(Allows({"set", "b1", "v"}));
}

TEST_F(AclUserTest, PasswordsAreKeptAsHashes) {
  ApplyAll({"on", ">secret"});
  EXPECT_TRUE(user_.Accepts("secret"));
  EXPECT_FALSE(user_.Accepts("secret2"));
  const std::string hash = HashOfPassword("secret");
  EXPECT_EQ(hash, "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
  EXPECT_EQ(user_.password_hashes(), std::vector<std::string>{hash});
  ApplyAll({StrCat("#", hash)});
  EXPECT_EQ(user_.password_hashes().size(), 1u);
  EXPECT_THAT(Apply("#abc"), testing::StartsWith("The password hash must be exactly 64"));
  EXPECT_EQ(Apply("<other"), "The password you are trying to remove from the user does not exist");
  ApplyAll({StrCat("!", hash)});
  EXPECT_FALSE(user_.Accepts("secret"));
  ApplyAll({"nopass"});
  EXPECT_TRUE(user_.Accepts("whatever"));
  ApplyAll({"off"});
  EXPECT_FALSE(user_.Accepts("whatever"));
}

TEST_F(AclUserTest, ResetLeavesANewUser) {
  const std::string fresh = user_.Describe();
  ApplyAll({"on", ">x", "~*", "&*", "+@all", "(+get)", "skip-sanitize-payload", "reset"});
  EXPECT_EQ(user_.Describe(), fresh);
  environment_.all_channels = true;
  ApplyAll({"reset"});
  EXPECT_EQ(user_.Describe(), "off sanitize-payload &* -@all");
}

TEST(JoinSelectors, TakesWhatStandsInParentheses) {
  EXPECT_EQ(*JoinSelectors({"on", "(+get", "~a)", "(+set)", "~b"}),
            (std::vector<std::string>{"on", "(+get ~a)", "(+set)", "~b"}));
  EXPECT_EQ(JoinSelectors({"on", "(+get", "~a"}).status().message(),
            "Unmatched parenthesis in acl selector starting at '(+get'.");
}

}  // namespace
}  // namespace slotmesh::node
