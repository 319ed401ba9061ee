#include "node/persist/rdb_output_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "node/codec/crc64.h"

namespace slotmesh::node {
namespace {

constexpr int kChecksumBytes = 8;

}  // namespace

RdbOutputThread::RdbOutputThread(std::unique_ptr<OutputFile> file, Options options,
                                 std::function<void()> on_idle)
    : options_(options),
      on_idle_(std::move(on_idle)),
      file_(std::move(file)),
      key_delay_micros_(options.key_delay_micros),
      thread_([this] { Run(); }) {}

RdbOutputThread::~RdbOutputThread() {
  {
    const std::lock_guard lock(mutex_);
    give_up_ = true;
  }
  changed_.notify_one();
  Join();
}

void RdbOutputThread::Append(RdbChunk chunk) {
  pending_bytes_.fetch_add(chunk.bytes.size(), std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    chunks_.push_back(std::move(chunk));
  }
  changed_.notify_one();
}

void RdbOutputThread::WaitForRoom() {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return WantsMore() || ended(); });
}

void RdbOutputThread::WaitOutFlood() {
  const auto floods = [this] { return pending_bytes_.load(std::memory_order_relaxed) / kFlood; };
  const size_t before = floods();
  if (before == 0) return;
  std::unique_lock lock(mutex_);
  room_.wait_for(lock, kFloodWait * before, [&] { return floods() == 0 || ended(); });
}

void RdbOutputThread::Finish() {
  {
    const std::lock_guard lock(mutex_);
    finish_ = true;
  }
  changed_.notify_one();
}

void RdbOutputThread::Join() {
  if (thread_.joinable()) thread_.join();
}

void RdbOutputThread::Run() {
  // Whoever serves clients goes first where there is one core for both.
  constexpr int kNice = 10;
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  while (true) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !chunks_.empty() || finish_ || give_up_; });
    if (give_up_) status_ = absl::CancelledError("given up");
    if (give_up_ || chunks_.empty()) break;
    const RdbChunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    const bool idle = chunks_.empty();
    lock.unlock();
    status_ = WriteChunk(chunk);
    if (!status_.ok()) break;
    Linger(chunk);
    TakenCareOf(chunk);
    if (idle) on_idle_();
  }
  if (status_.ok()) status_ = WriteEnd();
  file_.reset();
  {
    const std::lock_guard lock(mutex_);
    ended_.store(true, std::memory_order_release);
  }
  room_.notify_one();
  on_idle_();
}

void RdbOutputThread::TakenCareOf(const RdbChunk& chunk) {
  {
    const std::lock_guard lock(mutex_);
    pending_bytes_.fetch_sub(chunk.bytes.size(), std::memory_order_relaxed);
  }
  room_.notify_one();
}

absl::Status RdbOutputThread::WriteChunk(const RdbChunk& chunk) {
  std::string_view bytes = chunk.bytes;
  if (options_.compress && !chunk.strings.empty()) {
    packed_.clear();
    PackStrings(chunk.bytes, chunk.strings, &packed_);
    bytes = packed_;
  }
  if (options_.checksum) checksum_ = Crc64(checksum_, bytes);
  bytes_written_.fetch_add(bytes.size(), std::memory_order_relaxed);
  return file_->Write(bytes);
}

void RdbOutputThread::set_key_delay(int64_t micros) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(key_delay_micros_, micros) == micros) return;
  }
  changed_.notify_one();
}

void RdbOutputThread::Linger(const RdbChunk& chunk) {
  std::unique_lock lock(mutex_);
  for (int64_t delay = -1; delay != key_delay_micros_ && !give_up_;) {
    delay = key_delay_micros_;
    if (delay <= 0) return;
    changed_.wait_for(lock, std::chrono::microseconds(chunk.keys * delay),
                      [&] { return give_up_ || key_delay_micros_ != delay; });
  }
}

absl::Status RdbOutputThread::WriteEnd() {
  std::string footer;
  for (int i = 0; options_.rdb && i < kChecksumBytes; ++i)
    footer.push_back(static_cast<char>(checksum_ >> (8 * i)));
  absl::Status status = file_->Write(footer);
  if (status.ok()) status = file_->Commit();
  return status;
}

}  // namespace slotmesh::node
