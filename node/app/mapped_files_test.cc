#include "node/app/mapped_files.h"

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

TEST(MappedFilesTest, AFunctionOfALibraryIsInItsFile) {
  MappedPlace place;
  ASSERT_TRUE(FindMappedFile(reinterpret_cast<uintptr_t>(&std::strtol), &place));
  EXPECT_NE(std::string(place.path.data()).find("libc.so"), std::string::npos) << place.path.data();
  EXPECT_GT(place.offset, 0u);
  MappedPlace next;
  ASSERT_TRUE(FindMappedFile(reinterpret_cast<uintptr_t>(&std::strtol) + 1, &next));
  EXPECT_EQ(next.offset, place.offset + 1);
}

TEST(MappedFilesTest, WhatIsInNoFileIsNotFound) {
  MappedPlace place;
  const int on_the_stack = 0;
  EXPECT_FALSE(FindMappedFile(reinterpret_cast<uintptr_t>(&on_the_stack), &place));
  EXPECT_FALSE(FindMappedFile(1, &place));
}

}  // namespace
}  // namespace slotmesh::node
