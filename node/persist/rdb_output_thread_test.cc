#include "node/persist/rdb_output_thread.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr int kChunks = 48;  // More than a flood.

// A disk that takes nothing until it is told to.
class BlockedFile : public OutputFile {
 public:
  explicit BlockedFile(absl::Notification& released) : released_(released) {}
  absl::Status Write(std::string_view) override {
    released_.WaitForNotification();
    return absl::OkStatus();
  }
  absl::Status Commit() override { return absl::OkStatus(); }

 private:
  absl::Notification& released_;
};

TEST(RdbOutputThreadTest, AFloodIsWaitedOutAMomentAtATime) {
  absl::Notification released;
  RdbOutputThread output(std::make_unique<BlockedFile>(released), {.compress = false}, [] {});
  for (int i = 0; i < kChunks; ++i) output.Append({.bytes = std::string(kChunkBytes, 'x')});
  // Whatever the disk does, it comes back.
  output.WaitOutFlood();
  EXPECT_LE(output.bytes_written(), kChunkBytes);
  released.Notify();
  // Each gives the thread time: without, it would have done next to nothing by then.
  for (int i = 0; i < 100; ++i) output.WaitOutFlood();
  EXPECT_GE(output.bytes_written(), kChunks * kChunkBytes - (size_t{32} << 20));
  output.Finish();
  output.Join();
  EXPECT_TRUE(output.status().ok());
}

}  // namespace
}  // namespace slotmesh::node
