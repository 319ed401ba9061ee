#include "node/acl/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/acl/fake_commands.h"
#include "node/acl/users_text.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using testing::HasSubstr;

class AclUsersTest : public testing::Test {
 protected:
  std::string ErrorOf(std::string_view text) {
    return std::string(ToStd(ReadUsers(text, "users.acl", environment_).status().message()));
  }

  FakeAclCommands commands_;
  AclEnvironment environment_{commands_};
  AclUsers users_{environment_};
};

TEST_F(AclUsersTest, TheDefaultUserMayDoEverything) {
  EXPECT_EQ(users_.default_user().Describe(), "on nopass sanitize-payload ~* &* +@all");
  EXPECT_TRUE(users_.default_user().unrestricted());
  EXPECT_EQ(users_.Find("default"), users_.default_user_pointer());
}

TEST_F(AclUsersTest, OneWrongRuleChangesNothing) {
  EXPECT_TRUE(users_.WithRules("alice", {"on", "+get"}).ok());
  EXPECT_EQ(users_.Find("alice"), nullptr);
  EXPECT_EQ(users_.WithRules("alice", {"on", "+nosuch"}).status().message(),
            "Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL");
}

TEST_F(AclUsersTest, AUserKeepsItsPlaceWhenItChanges) {
  users_.Put(*users_.WithRules("alice", {"on"}));
  const std::shared_ptr<AclUser> alice = users_.Find("alice");
  users_.Put(*users_.WithRules("alice", {"+get"}));
  EXPECT_EQ(users_.Find("alice"), alice);
  EXPECT_EQ(alice->Describe(), "on sanitize-payload resetchannels -@all +get");
  EXPECT_EQ(users_.Remove("alice"), alice);
  EXPECT_EQ(users_.Remove("alice"), nullptr);
}

TEST_F(AclUsersTest, WhatIsWrittenReadsAsTheSame) {
  users_.Put(*users_.WithRules("alice", {"on", ">pw", "~a*", "+@all", "-config|set", "(+get ~b)"}));
  const std::string text = WriteUsers(users_);
  const absl::StatusOr<std::vector<AclUser>> read = ReadUsers(text, "f", environment_);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  for (const AclUser& user : *read) {
    EXPECT_EQ(user.Describe(), users_.Find(user.name())->Describe());
  }
}

TEST_F(AclUsersTest, AllThatIsWrongWithAFileIsTold) {
  EXPECT_EQ(ErrorOf("\n  \r\nuser a on\n"), "");
  const std::string error = ErrorOf(
      "user a on\n"
      "# a comment\n"
      "user\n"
      "user a off\n"
      "user b +nosuch -nosuch2\n"
      "user c >secret (+get\n"
      "user d %x~secret #zz\n");
  EXPECT_THAT(error, HasSubstr("users.acl:2 should start with user keyword"));
  EXPECT_THAT(error, HasSubstr("users.acl:3 should start with user keyword"));
  EXPECT_THAT(error, HasSubstr("Duplicate user 'a' found on line 4."));
  EXPECT_THAT(error, HasSubstr("users.acl:5: Error in applying operation '+nosuch': Unknown"));
  EXPECT_THAT(error, HasSubstr("users.acl:5: Error in applying operation '-nosuch2': Unknown"));
  EXPECT_THAT(error, HasSubstr("users.acl:6: Unmatched parenthesis"));
  EXPECT_THAT(error, HasSubstr("users.acl:7: Syntax error. WARNING: ACL errors detected"));
  EXPECT_EQ(error.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace slotmesh::node
