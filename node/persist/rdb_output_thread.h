// The thread behind a snapshot that is being saved: compresses, sums up and writes what the engine
// thread has encoded.
//
// All methods on the engine thread. Memory: the chunks that wait; who appends asks WantsMore
// before encoding more than it must, and gives the thread time (WaitOutFlood) if it must encode
// more than that for long. The destructor gives up an unfinished file.
#ifndef SLOTMESH_NODE_PERSIST_RDB_OUTPUT_THREAD_H_
#define SLOTMESH_NODE_PERSIST_RDB_OUTPUT_THREAD_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "node/persist/output_file.h"
#include "node/persist/snapshot_writer.h"

namespace slotmesh::node {

class RdbOutputThread {
 public:
  struct Options {
    bool compress = true;
    bool checksum = true;          // False writes 0 in its place.
    bool rdb = true;               // Else nothing follows what was appended.
    int64_t key_delay_micros = 0;  // For tests: time to lose per key.
  };

  // `on_idle` is called on the thread when everything that was appended is written, and when it has
  // ended: for waking the engine thread.
  RdbOutputThread(std::unique_ptr<OutputFile> file, Options options, std::function<void()> on_idle);
  ~RdbOutputThread();
  RdbOutputThread(const RdbOutputThread&) = delete;
  RdbOutputThread& operator=(const RdbOutputThread&) = delete;

  void Append(RdbChunk chunk);
  // For tests: time to lose per key, from now on.
  void set_key_delay(int64_t micros);
  bool WantsMore() const { return pending_bytes_.load(std::memory_order_relaxed) < kPendingMax; }
  // Until WantsMore(), or the file has failed.
  void WaitForRoom();
  // If far more waits than is wanted: lets the thread work for a moment, at most kFloodWait for
  // each kFlood that waits.
  void WaitOutFlood();
  // The last chunk has been appended: checksum and commit.
  void Finish();
  // Committed or failed.
  bool ended() const { return ended_.load(std::memory_order_acquire); }
  // Waits for the end. REQUIRES: Finish was called, or a chunk failed.
  void Join();
  // REQUIRES: ended().
  const absl::Status& status() const { return status_; }
  uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kPendingMax = 8 << 20;
  static constexpr size_t kFlood = 32 << 20;
  static constexpr std::chrono::milliseconds kFloodWait{2};

  void Run();
  void TakenCareOf(const RdbChunk& chunk);
  absl::Status WriteChunk(const RdbChunk& chunk);
  void Linger(const RdbChunk& chunk);
  absl::Status WriteEnd();

  const Options options_;
  const std::function<void()> on_idle_;
  std::unique_ptr<OutputFile> file_;
  uint64_t checksum_ = 0;
  std::string packed_;
  absl::Status status_;
  int64_t key_delay_micros_ = 0;
  std::atomic<size_t> pending_bytes_ = 0;
  std::atomic<uint64_t> bytes_written_ = 0;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable room_;
  std::deque<RdbChunk> chunks_;
  bool finish_ = false;
  bool give_up_ = false;
  std::thread thread_;  // The last member: it uses the others.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_OUTPUT_THREAD_H_
