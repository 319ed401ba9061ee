#include "node/persist/rdb_save.h"

#include "node/persist/command_file_writer.h"

namespace slotmesh::node {
namespace {

constexpr size_t kChunkBytes = 256 << 10;

std::unique_ptr<SnapshotWriter> MakeWriter(const SaveOptions& options) {
  switch (options.form) {
    case SnapshotForm::kRdb:
      return std::make_unique<RdbFileWriter>(options.access, options.part_bytes);
    case SnapshotForm::kCommands:
      return std::make_unique<CommandFileWriter>(options.part_bytes);
  }
  return nullptr;
}

RdbOutputThread::Options OutputOf(const SaveOptions& options) {
  RdbOutputThread::Options output = options.output;
  output.rdb = options.form == SnapshotForm::kRdb;
  output.checksum = output.checksum && output.rdb;
  return output;
}

}  // namespace

RdbSave::RdbSave(const SaveOptions& options) : options_(options), writer_(MakeWriter(options)) {}

absl::StatusOr<std::unique_ptr<RdbSave>> RdbSave::Start(Snapshots& snapshots,
                                                        std::unique_ptr<OutputFile>& file,
                                                        const RdbNotes& notes,
                                                        const SaveOptions& options,
                                                        std::function<void()> on_idle) {
  std::unique_ptr<RdbSave> save(new RdbSave(options));
  absl::StatusOr<std::unique_ptr<SnapshotWalk>> walk = snapshots.Begin(std::nullopt, *save);
  if (!walk.ok()) return walk.status();
  save->walk_ = *std::move(walk);
  save->on_idle_ = on_idle;
  save->output_ =
      std::make_unique<RdbOutputThread>(std::move(file), OutputOf(options), std::move(on_idle));
  save->writer_->Begin(notes);
  return save;
}

bool RdbSave::TakesInParts(const Entry& entry) const {
  if (!writer_->takes_parts(entry)) return false;
  if (!entry.is_string()) return entry.FreeEffort() >= options_.big_effort;
  return !entry.is_integer() && entry.string_length() >= options_.big_string_bytes;
}

bool RdbSave::OnPart(const SnapshotItem& item) {
  in_parts_ = true;
  const bool whole = writer_->Part(item.database, item.entry);
  if (writer_->size() >= kChunkBytes) output_->Append(writer_->Take());
  if (!whole) return false;
  in_parts_ = false;
  ++keys_;
  if (aside_ != nullptr) {
    output_->Append(writer_->Take());
    output_->Append(aside_->Take());
    aside_.reset();
    writer_->ForgetDatabase();
  }
  return true;
}

void RdbSave::OnEntry(const SnapshotItem& item) {
  ++keys_;
  if (in_parts_) {
    if (aside_ == nullptr) aside_ = MakeWriter(options_);
    return aside_->Entry(item.database, item.entry);
  }
  writer_->Entry(item.database, item.entry);
  if (writer_->size() < kChunkBytes) return;
  output_->Append(writer_->Take());
  // Writers change more, and have it saved first, than the thread can take.
  output_->WaitOutFlood();
}

bool RdbSave::Step(absl::FunctionRef<bool()> out_of_time) {
  if (output_->ended()) {
    walk_.reset();  // If the disk has failed on the way.
    return true;
  }
  if (!finished_ && walk_->Step(out_of_time)) {
    walk_.reset();
    writer_->End();
    output_->Append(writer_->Take());
    output_->Finish();
    finished_ = true;
  }
  return false;
}

absl::Status SaveRdb(const Keyspace& keyspace, std::unique_ptr<OutputFile> file,
                     const RdbNotes& notes, const SaveOptions& options) {
  RdbOutputThread output(std::move(file), OutputOf(options), [] {});
  const std::unique_ptr<SnapshotWriter> writer = MakeWriter(options);
  writer->Begin(notes);
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keyspace.database(i).ForEach([&](int, const Entry& entry) {
      writer->Entry(i, entry);
      if (writer->size() < kChunkBytes) return;
      output.Append(writer->Take());
      output.WaitForRoom();
    });
  }
  writer->End();
  output.Append(writer->Take());
  output.Finish();
  output.Join();
  return output.status();
}

}  // namespace slotmesh::node
