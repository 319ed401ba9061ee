#include "gossip/bus/inbox.h"

#include <vector>

#include "gtest/gtest.h"

namespace slotmesh::bus {
namespace {

class InboxTest : public testing::Test {
 protected:
  void RunPosted() {
    auto posted = std::move(posted_);
    posted_.clear();
    for (auto& task : posted) task();
  }
  std::vector<std::function<void()>> posted_;
  std::vector<int> ran_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>(
      [this](std::function<void()> task) { posted_.push_back(std::move(task)); });
};

TEST_F(InboxTest, ManyTasksShareOnePostAndKeepTheirOrder) {
  for (int i = 0; i < 5; ++i) {
    inbox_->Add([this, i] { ran_.push_back(i); });
    inbox_->Flush();
  }
  EXPECT_EQ(posted_.size(), 1u);
  RunPosted();
  EXPECT_EQ(ran_, (std::vector<int>{0, 1, 2, 3, 4}));
  inbox_->Flush();
  EXPECT_TRUE(posted_.empty());
}

TEST_F(InboxTest, LongQueueIsSplitOverPosts) {
  for (size_t i = 0; i < kDrainMax + 1; ++i) inbox_->Add([this] { ran_.push_back(0); });
  inbox_->Flush();
  RunPosted();
  EXPECT_EQ(ran_.size(), kDrainMax);
  ASSERT_EQ(posted_.size(), 1u);
  RunPosted();
  EXPECT_EQ(ran_.size(), kDrainMax + 1);
}

TEST_F(InboxTest, NothingRunsAfterCloseEvenFromWithinATask) {
  inbox_->Add([this] {
    ran_.push_back(1);
    inbox_->Close();
  });
  inbox_->Add([this] { ran_.push_back(2); });
  inbox_->Flush();
  RunPosted();
  inbox_->Add([this] { ran_.push_back(3); });
  inbox_->Flush();
  RunPosted();
  EXPECT_EQ(ran_, std::vector<int>{1});
}

}  // namespace
}  // namespace slotmesh::bus
