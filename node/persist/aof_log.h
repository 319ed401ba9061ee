// What the journal says, on its way into the file that grows: the increment of the append-only
// file.
//
// Engine thread only. Flush comes before replies leave: with appendfsync always they may leave only
// if it says so. Memory: what one turn wrote, or what could not be written yet.
#ifndef SLOTMESH_NODE_PERSIST_AOF_LOG_H_
#define SLOTMESH_NODE_PERSIST_AOF_LOG_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "node/config/config.h"
#include "node/journal/journal.h"
#include "node/persist/append_file.h"

namespace slotmesh::node {

class AofLog : public JournalSink {
 public:
  AofLog(Journal& journal, const Config& config, std::function<int64_t()> wall_ms)
      : journal_(journal), config_(config), wall_ms_(std::move(wall_ms)) {}
  ~AofLog() override { Stop(); }

  // From now on into this file; what came before must be flushed. REQUIRES: not within a unit.
  void Use(std::shared_ptr<AppendFile> file);
  // Writes nothing any more.
  void Stop();
  bool on() const { return file_ != nullptr; }

  // Writes what there is, and syncs as appendfsync says. False if something was promised to be on
  // disk that is not.
  bool Flush(int64_t now_ms);
  // Writes and syncs now; with a sum. The disk takes its time for what is unsynced.
  absl::Status SyncNow();
  // Before SyncNow, again and again: syncs in the background until what is left is little, or is
  // still much after kSyncsAheadMax times. True when it is.
  bool SyncAhead();
  static constexpr uint64_t kLittleBytes = 1 << 20;
  static constexpr int kSyncsAheadMax = 3;

  // Another file, a base, has all up to that offset of the journal on disk.
  void NoteOnDisk(uint64_t offset) { synced_offset_ = std::max(synced_offset_, offset); }

  // For DEBUG: called before each write; may be empty.
  void set_before_write(std::function<void()> before) { before_write_ = std::move(before); }

  // Of the last write or sync.
  const absl::Status& status() const { return status_; }
  uint64_t size() const { return file_ == nullptr ? 0 : file_->size(); }
  size_t buffered() const { return buffer_.size(); }
  uint64_t syncs_awaited() const { return syncs_awaited_; }
  bool syncing() const { return sync_thread_.busy(); }
  // The journal's offset up to which all is on disk.
  uint64_t synced_offset() const {
    const bool more = syncing_offset_ > synced_offset_ && !sync_thread_.busy();
    return more && sync_thread_.status().ok() ? syncing_offset_ : synced_offset_;
  }

  // JournalSink.
  bool wants_resp() const override { return true; }
  Audience audience() const override { return Audience::kFiles; }
  void OnUnit(const JournalUnit& unit) override;

 private:
  void NoteTime();
  bool MustWait(int64_t now_ms);
  void Write(int64_t now_ms);
  bool SumIsDue(int64_t now_ms) const;
  void WriteSum();
  bool SyncAlways();
  void SyncEverySecond(int64_t now_ms);
  void BeginSync();
  uint64_t unsynced_bytes() const { return file_->size() - size_at_sync_ + buffer_.size(); }

  Journal& journal_;
  const Config& config_;
  const std::function<int64_t()> wall_ms_;
  std::shared_ptr<AppendFile> file_;
  std::string buffer_;
  std::function<void()> before_write_;
  int64_t noted_s_ = 0;  // The time that the file says last.
  // What the file has behind its last sum.
  uint64_t sum_ = 0;
  uint64_t summed_bytes_ = 0;
  int64_t summed_since_ms_ = 0;
  bool unsynced_ = false;
  int64_t last_sync_ms_ = 0;
  int64_t waits_since_ms_ = 0;  // For a sync that takes long; 0: it does not.
  uint64_t syncs_awaited_ = 0;
  uint64_t size_at_sync_ = 0;  // Of the file, when it was last begun.
  int syncs_ahead_ = 0;
  // Of the journal: handed to the system, to the thread for syncing, and on disk.
  uint64_t written_offset_ = 0;
  uint64_t syncing_offset_ = 0;
  uint64_t synced_offset_ = 0;
  absl::Status status_;
  SyncThread sync_thread_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_LOG_H_
