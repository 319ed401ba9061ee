#include "node/persist/file_remover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace slotmesh::node {
namespace {

// Files of this process that are open but have no name any more.
int OpenWithoutName() {
  int count = 0;
  std::error_code error;
  for (const auto& at : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const std::string target = std::filesystem::read_symlink(at.path(), error).string();
    count += target.ends_with(" (deleted)") && target.find("file_remover_test.") != target.npos;
  }
  return count;
}

std::string Path(int number) {
  return testing::TempDir() + "/file_remover_test." + std::to_string(number);
}

void Make(int number) { std::ofstream(Path(number)) << "some bytes"; }

TEST(FileRemoverTest, NamesAreGoneAtOnceAndTheFilesWithIt) {
  {
    FileRemover remover;
    // More than may wait.
    for (int i = 0; i < 2 * static_cast<int>(FileRemover::kWaitingMax); ++i) {
      Make(i);
      EXPECT_TRUE(remover.Remove(Path(i)));
      EXPECT_NE(access(Path(i).c_str(), F_OK), 0);
    }
  }
  EXPECT_EQ(OpenWithoutName(), 0);
}

TEST(FileRemoverTest, WhatIsNotThereOrNoFileIsNotRemoved) {
  FileRemover remover;
  EXPECT_FALSE(remover.Remove(Path(-1)));
  const std::string folder = testing::TempDir() + "/file_remover_test.folder";
  ASSERT_TRUE(std::filesystem::create_directory(folder));
  EXPECT_FALSE(remover.Remove(folder));
  EXPECT_TRUE(std::filesystem::exists(folder));
  std::filesystem::remove(folder);
}

// Others who read the file go on.
TEST(FileRemoverTest, WhoHasItOpenKeepsIt) {
  Make(0);
  const int file = open(Path(0).c_str(), O_RDONLY | O_CLOEXEC);
  {
    FileRemover remover;
    EXPECT_TRUE(remover.Remove(Path(0)));
  }
  char byte = 0;
  EXPECT_EQ(read(file, &byte, 1), 1);
  EXPECT_EQ(byte, 's');
  close(file);
}

}  // namespace
}  // namespace slotmesh::node
