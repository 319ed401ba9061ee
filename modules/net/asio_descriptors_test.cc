#include "modules/net/asio_descriptors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace slotmesh::modules {
namespace {

class AsioDescriptorsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(pipe_), 0);
    descriptors_.OnReady([this](int descriptor, int mask) {
      told_.emplace_back(descriptor, mask);
      if (told_.size() == enough_) descriptors_.Watch(descriptor, 0);
    });
  }
  void TearDown() override {
    close(pipe_[0]);
    close(pipe_[1]);
  }

  boost::asio::io_context io_;
  AsioDescriptors descriptors_{io_};
  int pipe_[2] = {-1, -1};
  std::vector<std::pair<int, int>> told_;
  size_t enough_ = 3;
};

TEST_F(AsioDescriptorsTest, IsToldAgainAsLongAsThereIsSomethingToRead) {
  EXPECT_EQ(descriptors_.Watch(pipe_[0], Descriptors::kReadable), 0);
  io_.poll();
  EXPECT_TRUE(told_.empty());
  ASSERT_EQ(write(pipe_[1], "x", 1), 1);
  while (told_.size() < enough_) io_.run_one();
  EXPECT_EQ(told_.back(), std::make_pair(pipe_[0], Descriptors::kReadable));
  // It has ended the watching itself.
  EXPECT_EQ(io_.poll(), 0u);
  EXPECT_EQ(told_.size(), enough_);
}

TEST_F(AsioDescriptorsTest, WritableIsToldAtOnce) {
  enough_ = 1;
  EXPECT_EQ(descriptors_.Watch(pipe_[1], Descriptors::kWritable), 0);
  io_.run_one();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0], std::make_pair(pipe_[1], Descriptors::kWritable));
}

TEST_F(AsioDescriptorsTest, DescriptorThatIsNoneGivesTheSystemsError) {
  EXPECT_EQ(descriptors_.Watch(1 << 20, Descriptors::kReadable), EBADF);
  EXPECT_EQ(descriptors_.Watch(1 << 20, 0), 0);
}

}  // namespace
}  // namespace slotmesh::modules
