#include "modules/data_type.h"

#include <string>

#include "gtest/gtest.h"

namespace slotmesh::modules {
namespace {

TEST(TypeIdTest, NameAndEncodingComeBack) {
  const uint64_t id = TypeId::Of("Ab9-_zZ0a", 1023);
  EXPECT_EQ(TypeId::NameOf(id), "Ab9-_zZ0a");
  EXPECT_EQ(TypeId::EncodingOf(id), 1023);
}

// Six bits a character, and ten of the encoding.
TEST(TypeIdTest, BitsAreThoseOfFiles) {
  EXPECT_EQ(TypeId::Of("AAAAAAAAB", 3), (uint64_t{1} << 10) + 3);
  EXPECT_EQ(TypeId::Of("_AAAAAAAA", 0), uint64_t{63} << 58);
}

TEST(TypeIdTest, EncodingsOfOneTypeHaveTheSameName) {
  EXPECT_EQ(TypeId::NameBits(TypeId::Of("test-type", 1)),
            TypeId::NameBits(TypeId::Of("test-type", 2)));
  EXPECT_NE(TypeId::NameBits(TypeId::Of("test-type", 1)),
            TypeId::NameBits(TypeId::Of("test-typf", 1)));
}

TEST(TypeIdTest, WhatIsNoneIsZero) {
  EXPECT_EQ(TypeId::Of("short", 0), 0u);
  EXPECT_EQ(TypeId::Of("ten-charac", 0), 0u);
  EXPECT_EQ(TypeId::Of("with space", 0), 0u);
  EXPECT_EQ(TypeId::Of("with.dots", 0), 0u);
  EXPECT_EQ(TypeId::Of("test-type", 1024), 0u);
  EXPECT_EQ(TypeId::Of("test-type", -1), 0u);
}

}  // namespace
}  // namespace slotmesh::modules
