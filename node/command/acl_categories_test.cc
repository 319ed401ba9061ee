#include "node/command/acl_categories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using testing::ElementsAre;

TEST(AclCategoriesTest, TheServersOwnAreThereInAnyCase) {
  const AclCategories categories;
  EXPECT_EQ(categories.Find("SortedSet"), Acl::kSortedSet);
  EXPECT_EQ(categories.Find("json"), std::nullopt);
  EXPECT_THAT(categories.NamesOf(Acl::kScripting | Acl::kRead), ElementsAre("read", "scripting"));
}

TEST(AclCategoriesTest, WhatIsAddedHasABitOfItsOwnUntilItGoes) {
  AclCategories categories;
  ASSERT_TRUE(categories.Add("json").ok());
  ASSERT_TRUE(categories.Add("my-own_2").ok());
  const Acl json = categories.Find("json").value_or(Acl::kNone);
  const Acl own = categories.Find("MY-OWN_2").value_or(Acl::kNone);
  EXPECT_FALSE(Has(json, own));
  EXPECT_THAT(categories.NamesOf(own | Acl::kRead | json), ElementsAre("read", "json", "my-own_2"));
  categories.RemoveLast(1);
  EXPECT_EQ(categories.Find("my-own_2"), std::nullopt);
  EXPECT_EQ(categories.Find("json"), json);
}

TEST(AclCategoriesTest, NamesThatAreNoneOrTakenAreRefused) {
  AclCategories categories;
  ASSERT_TRUE(categories.Add("json").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(categories.Add("JSON")));
  EXPECT_TRUE(absl::IsAlreadyExists(categories.Add("read")));
  EXPECT_TRUE(absl::IsInvalidArgument(categories.Add("")));
  EXPECT_TRUE(absl::IsInvalidArgument(categories.Add("a b")));
  EXPECT_TRUE(absl::IsInvalidArgument(categories.Add("@a")));
}

TEST(AclCategoriesTest, ThereAreAsManyAsBits) {
  AclCategories categories;
  size_t added = 0;
  while (categories.Add(StrCat("c", added)).ok()) ++added;
  EXPECT_EQ(added + 21, AclCategories::kMax);
  EXPECT_TRUE(absl::IsResourceExhausted(categories.Add("one-more")));
  EXPECT_NE(categories.Find(StrCat("c", added - 1)), std::nullopt);
}

}  // namespace
}  // namespace slotmesh::node
