#include "node/persist/rdb_save.h"

namespace slotmesh::node {
namespace {

constexpr size_t kChunkBytes = 256 << 10;

void WriteNotes(RdbFileWriter& writer, const RdbNotes& notes) {
  writer.Begin();
  for (const auto& [name, value] : notes.aux) writer.Aux(name, value);
  for (const std::string& code : notes.functions) writer.Function(code);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RdbSave>> RdbSave::Start(Snapshots& snapshots,
                                                        std::unique_ptr<OutputFile>& file,
                                                        const RdbNotes& notes,
                                                        RdbOutputThread::Options options,
                                                        std::function<void()> on_idle) {
  std::unique_ptr<RdbSave> save(new RdbSave());
  absl::StatusOr<std::unique_ptr<SnapshotWalk>> walk = snapshots.Begin(std::nullopt, *save);
  if (!walk.ok()) return walk.status();
  save->walk_ = *std::move(walk);
  save->output_ = std::make_unique<RdbOutputThread>(std::move(file), options, std::move(on_idle));
  WriteNotes(save->writer_, notes);
  return save;
}

void RdbSave::OnEntry(const SnapshotItem& item) {
  ++keys_;
  writer_.Entry(item.database, item.entry);
  if (writer_.size() >= kChunkBytes) output_->Append(writer_.Take());
}

bool RdbSave::Step(absl::FunctionRef<bool()> out_of_time) {
  if (output_->ended()) {
    walk_.reset();  // If the disk has failed on the way.
    return true;
  }
  if (!finished_ && walk_->Step(out_of_time)) {
    walk_.reset();
    writer_.End();
    output_->Append(writer_.Take());
    output_->Finish();
    finished_ = true;
  }
  return false;
}

absl::Status SaveRdb(const Keyspace& keyspace, std::unique_ptr<OutputFile> file,
                     const RdbNotes& notes, RdbOutputThread::Options options) {
  RdbOutputThread output(std::move(file), options, [] {});
  RdbFileWriter writer;
  WriteNotes(writer, notes);
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keyspace.database(i).ForEach([&](int, const Entry& entry) {
      writer.Entry(i, entry);
      if (writer.size() < kChunkBytes) return;
      output.Append(writer.Take());
      output.WaitForRoom();
    });
  }
  writer.End();
  output.Append(writer.Take());
  output.Finish();
  output.Join();
  return output.status();
}

}  // namespace slotmesh::node
