#include "node/persist/aof_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "node/command/server_observer.h"
#include "node/persist/mapped_file.h"
#include "node/persist/output_file.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kRetryMillis = 10'000;

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

AofFiles::AofFiles(Environment environment)
    : env_(std::move(environment)),
      log_(env_.engine.journal, env_.engine.config, [this] { return env_.engine.now_ms; }) {}

RdbNotes AofFiles::Notes() const {
  RdbNotes notes{
      .aux = {{"redis-ver", std::string(kRdbWriter)}, {"redis-bits", "64"}, {"aof-base", "1"}},
      .functions = env_.functions.Texts(),
      .unix_seconds = env_.engine.config.aof_timestamp_enabled ? env_.engine.now_ms / 1000 : 0};
  AddModuleNotes(env_.engine.type_settings, &notes);
  return notes;
}

SnapshotForm AofFiles::FormOfBase() const {
  return env_.engine.config.aof_use_rdb_preamble ? SnapshotForm::kRdb : SnapshotForm::kCommands;
}

std::string AofFiles::Path(const std::string& name) const {
  return StrCat(env_.engine.config.appenddirname, "/", name);
}

absl::Status AofFiles::MakeDirectory() const {
  const std::string& directory = env_.engine.config.appenddirname;
  if (mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::UnavailableError(
      StrCat("cannot make directory ", directory, ": ", std::strerror(errno)));
}

std::string AofFiles::ManifestName() const {
  return StrCat(env_.engine.config.appendfilename, ".manifest");
}

absl::StatusOr<AofManifest> AofFiles::ReadManifest() const {
  const std::string path = Path(ManifestName());
  const absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<AofManifest> manifest = AofManifest::Parse(file->bytes());
  if (manifest.ok()) return manifest;
  return absl::DataLossError(StrCat(path, ": ", ToStd(manifest.status().message())));
}

absl::Status AofFiles::WriteManifest(const AofManifest& manifest) const {
  const std::string path = Path(ManifestName());
  absl::StatusOr<std::unique_ptr<OutputFile>> file =
      CreateOutputFile(path, Path(StrCat("temp-", ManifestName())), /*sync_as_it_grows=*/false);
  if (!file.ok()) return file.status();
  const absl::Status written = (*file)->Write(manifest.Text());
  return written.ok() ? (*file)->Commit() : written;
}

// Before Redis 7 there was one file, and no directory.
absl::Status AofFiles::AdoptSingleFile() {
  const Config& config = env_.engine.config;
  if (!Exists(config.appendfilename)) return absl::NotFoundError("no append-only file");
  const absl::Status made = MakeDirectory();
  if (!made.ok()) return made;
  AofManifest manifest;
  manifest.base = AofFile{config.appendfilename, 1};
  const absl::Status written = WriteManifest(manifest);
  if (!written.ok()) return written;
  return MoveSingleFile();
}

absl::Status AofFiles::MoveSingleFile() {
  const Config& config = env_.engine.config;
  if (std::rename(config.appendfilename.c_str(), Path(config.appendfilename).c_str()) != 0) {
    return absl::UnavailableError(
        StrCat("cannot move ", config.appendfilename, ": ", std::strerror(errno)));
  }
  env_.log.Notice("Successfully migrated an old-style AOF configuration");
  return absl::OkStatus();
}

absl::Status AofFiles::BeginLoading() {
  if (!Exists(Path(ManifestName()))) {
    const absl::Status adopted = AdoptSingleFile();
    if (!adopted.ok()) return adopted;
  }
  absl::StatusOr<AofManifest> manifest = ReadManifest();
  if (!manifest.ok()) return manifest.status();
  Engine& engine = env_.engine;
  const std::string& single = engine.config.appendfilename;
  if (manifest->base && manifest->base->name == single && !Exists(Path(single)) && Exists(single)) {
    // An earlier process ended between writing the manifest and moving the file.
    const absl::Status moved = MoveSingleFile();
    if (!moved.ok()) return moved;
  }
  loader_ =
      std::make_unique<AofLoader>(*std::move(manifest),
                                  AofLoadOptions{.directory = engine.config.appenddirname,
                                                 .mend_tail = engine.config.aof_load_truncated},
                                  engine, env_.dispatcher, env_.functions);
  const absl::Status opened = loader_->Open();
  if (!opened.ok()) return opened;
  engine.loading.Begin(engine.now_ms, loader_->total_bytes());
  return absl::OkStatus();
}

absl::StatusOr<bool> AofFiles::StepLoading(size_t bytes) {
  LoadProgress& progress = env_.engine.loading;
  const bool in_preamble = loader_->in_preamble();
  const absl::StatusOr<bool> done = loader_->Step(bytes);
  progress.loaded_bytes = loader_->loaded_bytes();
  progress.memory_of_writer = loader_->memory_of_writer();
  if (done.ok() && !*done) {
    const uint64_t all = std::max<uint64_t>(progress.total_bytes, 1);
    Tell(env_.engine, &ServerObserver::OnLoadingProgress, !in_preamble,
         static_cast<int>(progress.loaded_bytes * 1024 / all));
    return false;
  }
  if (done.ok()) EndLoading();
  loader_.reset();
  return done;
}

void AofFiles::EndLoading() {
  Engine& engine = env_.engine;
  const AofLoaded& loaded = loader_->loaded();
  if (loaded.bytes_cut > 0) {
    env_.log.Warning(StrCat("The last append-only file ended within a command: its last ",
                            loaded.bytes_cut, " bytes were cut off."));
  }
  manifest_ = loader_->manifest();
  complete_ = true;
  base_bytes_ = loaded.base_bytes;
  engine.stats.keyspace_changes = 0;
  const double seconds =
      static_cast<double>(engine.clock.WallMicros() / 1000 - engine.loading.begin_ms) / 1000;
  env_.log.Notice(absl::StrFormat("DB loaded from append only file: %.3f seconds, %d commands",
                                  seconds, loaded.commands));
}

absl::Status AofFiles::Begin() {
  if (!complete_) return BeginAnew();
  const bool goes_on = !manifest_.increments.empty();
  if (!goes_on) {
    manifest_.increments.push_back(manifest_.NextIncrement(env_.engine.config.appendfilename));
  }
  const std::string path = Path(manifest_.increments.back().name);
  absl::StatusOr<std::shared_ptr<AppendFile>> file =
      goes_on ? OpenAppendFile(path) : CreateAppendFile(path);
  if (!file.ok()) return file.status();
  const absl::Status written = goes_on ? absl::OkStatus() : WriteManifest(manifest_);
  if (!written.ok()) return written;
  log_.Use(*std::move(file));
  RemoveHistory();
  return absl::OkStatus();
}

// With the data that is there as base, while nobody waits.
absl::Status AofFiles::BeginAnew() {
  const Config& config = env_.engine.config;
  absl::Status status = MakeDirectory();
  if (!status.ok()) return status;
  manifest_ = AofManifest();
  manifest_.base = manifest_.NextBase(config.appendfilename, config.aof_use_rdb_preamble);
  manifest_.increments.push_back(manifest_.NextIncrement(config.appendfilename));
  absl::StatusOr<std::unique_ptr<OutputFile>> base =
      CreateOutputFile(Path(manifest_.base->name), Path("temp-base.rdb"), false);
  if (!base.ok()) return base.status();
  using Save = ServerObserver::Save;
  Tell(env_.engine, &ServerObserver::OnSave, Save::kAofNow);
  status = SaveRdb(env_.engine.keyspace, *std::move(base), Notes(), {.form = FormOfBase()});
  Tell(env_.engine, &ServerObserver::OnSave, status.ok() ? Save::kEnded : Save::kFailed);
  if (!status.ok()) return status;
  absl::StatusOr<std::shared_ptr<AppendFile>> file =
      CreateAppendFile(Path(manifest_.increments.back().name));
  if (!file.ok()) return file.status();
  status = WriteManifest(manifest_);
  if (!status.ok()) return status;
  complete_ = true;
  env_.engine.journal.NoteCopy();
  log_.Use(*std::move(file));
  log_.NoteOnDisk(env_.engine.journal.offset());
  return absl::OkStatus();
}

absl::Status AofFiles::TurnOn() {
  if (log_.on() || rewriting_ != nullptr) return absl::OkStatus();
  complete_ = false;
  return Rewrite() ? absl::OkStatus() : absl::UnavailableError("cannot begin: see the log");
}

void AofFiles::TurnOff() {
  (void)log_.SyncNow();
  log_.Stop();
  if (rewriting_ != nullptr) {
    // In the words that tools know; the child is a thread here.
    env_.log.Notice("Killing AOF child: the rewrite of the append only file is given up");
  }
  rewriting_.reset();
  complete_ = false;
  env_.refusal.SetAof("");
}

void AofFiles::Judge() {
  const absl::Status& status = log_.status();
  env_.refusal.SetAof(status.ok() ? "" : StrCat(errors::kMisconfAof, ToStd(status.message())));
}

bool AofFiles::Flush() {
  if (!log_.on()) return true;
  const bool was_well = log_.status().ok();
  const bool may_leave = log_.Flush(env_.engine.now_ms);
  if (was_well == log_.status().ok()) return may_leave;
  Judge();
  if (was_well) {
    env_.log.Warning(StrCat("Error writing to the AOF file: ", ToStd(log_.status().message()),
                            ". Writes are refused until that has passed."));
  } else {
    env_.log.Warning("AOF write error looks solved. The server can write again.");
  }
  return may_leave;
}

void AofFiles::Close() {
  if (log_.on()) env_.log.Notice("Calling fsync() on the AOF file.");
  const absl::Status status = log_.SyncNow();
  if (!status.ok()) {
    env_.log.Warning(StrCat("Error writing to the AOF file: ", ToStd(status.message())));
  }
}

bool AofFiles::HasGrown() const {
  const Config& config = env_.engine.config;
  const uint64_t size = old_bytes_ + log_.size() + base_bytes_;
  if (config.auto_aof_rewrite_percentage <= 0) return false;
  if (size < static_cast<uint64_t>(config.auto_aof_rewrite_min_size)) return false;
  const uint64_t base = std::max<uint64_t>(base_bytes_, 1);
  return (size - base_bytes_) * 100 / base >=
         static_cast<uint64_t>(config.auto_aof_rewrite_percentage);
}

void AofFiles::Tick() {
  (void)Flush();
  if (rewriting_ != nullptr) return rewriting_->save->StepSoon();
  if (!log_.on()) return;
  const bool tried_lately =
      !last_rewrite_ok_ && env_.engine.now_ms - last_failure_ms_ < kRetryMillis;
  const bool waits = tried_lately || (env_.stages_moves != nullptr && env_.stages_moves());
  if (!waits && HasGrown()) (void)Rewrite();
}

bool AofFiles::Rewrite() {
  if (rewriting_ != nullptr) return false;
  if (!log_.on()) {
    // What an earlier time left stays until the new files are there.
    const absl::StatusOr<AofManifest> old = ReadManifest();
    manifest_ = old.ok() ? *old : AofManifest();
  }
  const absl::Status status = BeginRewrite();
  if (!status.ok()) {
    EndRewrite(status);
    return true;  // It was begun, and has failed.
  }
  env_.log.Notice("Background append only file rewriting started");
  return true;
}

absl::Status AofFiles::BeginRewrite() {
  const Config& config = env_.engine.config;
  const absl::Status made = MakeDirectory();
  if (!made.ok()) return made;
  const AofFile base = manifest_.NextBase(config.appendfilename, config.aof_use_rdb_preamble);
  absl::StatusOr<std::unique_ptr<OutputFile>> file = CreateOutputFile(
      Path(base.name), Path("temp-rewrite.rdb"), config.aof_rewrite_incremental_fsync);
  if (!file.ok()) return file.status();
  rewriting_ = std::make_unique<Rewriting>();
  rewriting_->base = base;
  rewriting_->save = std::make_unique<BackgroundSave>(
      BackgroundSave::Environment{env_.engine, env_.snapshots, env_.post, env_.post_after},
      BackgroundSave::Job{.file = *std::move(file),
                          .notes = [this] { return Notes(); },
                          .form = FormOfBase(),
                          .may_begin =
                              [this] {
                                if (rdb_busy_ != nullptr && rdb_busy_()) return false;
                                return log_.SyncAhead();
                              },
                          .on_begin = [this] { return Cut(); },
                          .on_end =
                              [this](const absl::Status& status) {
                                EndRewrite(status.ok() ? Replace() : status);
                              }});
  return absl::OkStatus();
}

// The snapshot's moment: what comes after it goes into a new increment.
absl::Status AofFiles::Cut() {
  Tell(env_.engine, &ServerObserver::OnSave, ServerObserver::Save::kAof);
  Tell(env_.engine, &ServerObserver::OnSnapshot, true);
  rewriting_->told = true;
  rewriting_->after.base = rewriting_->base;
  rewriting_->offset = env_.engine.journal.offset();
  // BGREWRITEAOF works without appendonly too: then nothing goes on behind the base.
  return env_.engine.config.appendonly ? GoOnInNext() : absl::OkStatus();
}

absl::Status AofFiles::GoOnInNext() {
  const AofFile next = manifest_.NextIncrement(env_.engine.config.appendfilename);
  absl::StatusOr<std::shared_ptr<AppendFile>> file = CreateAppendFile(Path(next.name));
  if (!file.ok()) return file.status();
  const absl::Status flushed = log_.SyncNow();
  if (!flushed.ok()) return flushed;
  rewriting_->after.increments = {next};
  AofManifest meanwhile = manifest_;
  meanwhile.increments.push_back(next);
  if (complete_) {
    const absl::Status written = WriteManifest(meanwhile);
    if (!written.ok()) return written;
  }
  old_bytes_ += log_.size();
  manifest_ = std::move(meanwhile);
  env_.engine.journal.NoteCopy();
  log_.Use(*std::move(file));
  return absl::OkStatus();
}

// The new base is on disk: the manifest names it instead of what came before.
absl::Status AofFiles::Replace() {
  AofManifest after = rewriting_->after;
  after.history = manifest_.history;
  if (manifest_.base) after.history.push_back(*manifest_.base);
  for (const AofFile& file : manifest_.increments) {
    const bool goes_on = !after.increments.empty() && after.increments.front() == file;
    if (!goes_on) after.history.push_back(file);
  }
  const absl::Status written = WriteManifest(after);
  if (!written.ok()) return written;
  manifest_ = std::move(after);
  complete_ = true;
  if (log_.on()) log_.NoteOnDisk(rewriting_->offset);
  base_bytes_ = rewriting_->save->bytes_written();
  old_bytes_ = 0;
  RemoveHistory();
  return absl::OkStatus();
}

void AofFiles::RemoveHistory() {
  if (manifest_.history.empty() || env_.engine.config.aof_disable_auto_gc) return;
  for (const AofFile& file : manifest_.history) (void)remover_.Remove(Path(file.name));
  manifest_.history.clear();
  const absl::Status written = WriteManifest(manifest_);
  if (!written.ok()) env_.log.Warning(ToStd(written.message()));
}

void AofFiles::EndRewrite(const absl::Status& status) {
  last_rewrite_ok_ = status.ok();
  // None if not even the file could be created.
  last_rewrite_s_ = rewriting_ == nullptr ? 0 : rewriting_->save->seconds();
  if (rewriting_ != nullptr && rewriting_->told) {
    using Save = ServerObserver::Save;
    Tell(env_.engine, &ServerObserver::OnSnapshot, false);
    Tell(env_.engine, &ServerObserver::OnSave, status.ok() ? Save::kEnded : Save::kFailed);
  }
  rewriting_.reset();
  if (status.ok()) {
    ++rewrites_;
    failures_in_a_row_ = 0;
    env_.log.Notice("Background AOF rewrite finished successfully");
    return;
  }
  last_failure_ms_ = env_.engine.now_ms;
  ++failures_in_a_row_;
  env_.log.Warning(StrCat("Background AOF rewrite failed: ", ToStd(status.message())));
  // Turned on, but never begun: nothing on disk would give the data back.
  if (!complete_ && log_.on()) log_.Stop();
}

absl::Status AofFiles::Reload() {
  if (log_.on() && !complete_) {
    return absl::FailedPreconditionError("the append-only file is being begun");
  }
  const absl::Status written = log_.SyncNow();
  if (!written.ok()) return written;
  const absl::StatusOr<AofManifest> manifest = log_.on() ? manifest_ : ReadManifest();
  if (!manifest.ok()) return manifest.status();
  AofLoader loader(*manifest, {.directory = env_.engine.config.appenddirname, .mend_tail = false},
                   env_.engine, env_.dispatcher, env_.functions);
  const absl::Status opened = loader.Open();
  if (!opened.ok()) return opened;
  using Loading = ServerObserver::Loading;
  env_.engine.keyspace.Flush();
  env_.functions.Clear();
  Tell(env_.engine, &ServerObserver::OnLoading, Loading::kAof);
  // Others are heard while a script runs for long.
  env_.engine.loading.Begin(env_.engine.now_ms, loader.total_bytes());
  absl::StatusOr<bool> done = false;
  while (done.ok() && !*done) done = loader.Step(SIZE_MAX);
  env_.engine.loading.End();
  Tell(env_.engine, &ServerObserver::OnLoading, done.ok() ? Loading::kEnded : Loading::kFailed);
  return done.status();
}

bool AofFiles::WaitsForAnother() const {
  const bool busy = env_.snapshots.running() > 0 || (rdb_busy_ != nullptr && rdb_busy_());
  return !rewriting_->save->begun() && busy;
}

AofStatus AofFiles::Status() const {
  AofStatus status{
      .on = log_.on(),
      .rewriting = rewriting_ != nullptr && !WaitsForAnother(),
      .beginning = rewriting_ != nullptr && !complete_ && env_.engine.config.appendonly,
      .scheduled = rewriting_ != nullptr && WaitsForAnother(),
      .last_rewrite_ok = last_rewrite_ok_,
      .last_write_ok = log_.status().ok(),
      .last_rewrite_seconds = last_rewrite_s_,
      .rewrites = rewrites_,
      .failures_in_a_row = failures_in_a_row_,
      .base_bytes = base_bytes_,
      .bytes = base_bytes_ + old_bytes_ + log_.size(),
      .buffered_bytes = log_.buffered(),
      .syncing = log_.syncing(),
      .syncs_awaited = log_.syncs_awaited()};
  if (rewriting_ != nullptr) status.current_rewrite_seconds = rewriting_->save->seconds();
  return status;
}

}  // namespace slotmesh::node
