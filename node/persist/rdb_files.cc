#include "node/persist/rdb_files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "node/command/server_observer.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
// A save point is not tried again sooner after a failure.
constexpr int64_t kRetryMillis = 5000;

}  // namespace

RdbFiles::RdbFiles(Environment environment) : env_(std::move(environment)) {}

absl::StatusOr<std::unique_ptr<OutputFile>> RdbFiles::Create() const {
  return env_.create(env_.engine.config.dbfilename);
}

RdbNotes RdbFiles::Notes() const {
  RdbNotes notes;
  notes.aux = {{"redis-ver", std::string(kRdbWriter)},
               {"redis-bits", "64"},
               {"ctime", StrCat(env_.engine.now_ms / kMillisPerSecond)},
               {"used-mem", StrCat(env_.engine.used_memory_bytes)},
               {"aof-base", "0"}};
  if (env_.origin != nullptr) {
    for (auto& note : env_.origin()) notes.aux.push_back(std::move(note));
  }
  notes.functions = env_.functions.Texts();
  AddModuleNotes(env_.engine.type_settings, &notes);
  return notes;
}

absl::Status RdbFiles::Open(const std::string& path, Keyspace& into, bool replace,
                            bool keep_expired) {
  Engine& engine = env_.engine;
  absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  const RdbLoadOptions options{
      .type_settings = engine.type_settings,
      .now = engine.now_ms,
      .keep_expired = keep_expired,
      .keep_expired_with = kHistoryNote,
      .check_checksum = engine.config.rdbchecksum,
      .replace = replace,
      .on_key =
          [&engine, live = &into == &engine.keyspace](int database, std::string_view key) {
            if (!live) return;
            engine.notifier.Notify(kNotifyLoaded, "loaded", key, database);
          },
      .on_empty =
          [&log = env_.log](std::string_view key) {
            log.Notice(StrCat("Loading the RDB file: skipping empty key: ", key));
          }};
  loading_ = std::make_unique<Loading>(path, *std::move(file), into, options);
  loading_->begin_ns = engine.clock.MonotonicNanos();
  return absl::OkStatus();
}

absl::Status RdbFiles::BeginLoading() {
  last_save_ms_ = env_.engine.now_ms;
  // A replica's keys are its primary's to remove.
  const bool keep_expired = !env_.engine.config.replicaof_host.empty();
  const absl::Status status =
      Open(env_.engine.config.dbfilename, env_.engine.keyspace, /*replace=*/false, keep_expired);
  if (status.ok()) env_.engine.loading.Begin(env_.engine.now_ms, loading_->file.bytes().size());
  return status;
}

absl::Status RdbFiles::BeginLoadingCopy(const std::string& path, bool aside) {
  (void)CancelBackgroundSave();
  Keyspace& live = env_.engine.keyspace;
  if (aside) {
    aside_ = std::make_unique<Keyspace>(Keyspace::Options{.databases = live.database_count(),
                                                          .cluster = live.cluster(),
                                                          .hash_seed = live.hash_seed()});
    aside_->set_access_policy(live.access_policy());
    return Open(path, *aside_, /*replace=*/false, /*keep_expired=*/true);
  }
  const absl::Status status = Open(path, live, /*replace=*/false, /*keep_expired=*/true);
  live.Flush();
  env_.functions.Clear();
  if (status.ok()) env_.engine.loading.Begin(env_.engine.now_ms, loading_->file.bytes().size());
  return status;
}

// What has been loaded aside takes the old data's place.
void RdbFiles::TakeAside() {
  Keyspace& live = env_.engine.keyspace;
  live.Flush();
  for (int i = 0; i < live.database_count(); ++i) {
    Database& from = aside_->database(i);
    if (from.size() == 0) continue;
    for (int slot = 0; slot < from.slot_count(); ++slot) {
      if (std::unique_ptr<SlotTable> table = from.TakeSlot(slot)) {
        live.database(i).AdoptSlot(std::move(table));
      }
    }
  }
  aside_.reset();
  env_.functions.Clear();
}

void RdbFiles::AbortLoading() {
  loading_.reset();
  aside_.reset();
  env_.engine.loading.End();
}

absl::StatusOr<bool> RdbFiles::StepLoading(size_t bytes) {
  RdbLoader& loader = loading_->loader;
  LoadProgress& progress = env_.engine.loading;
  loader.set_key_delay(env_.engine.config.key_load_delay);
  absl::StatusOr<bool> done = loader.Step(bytes);
  progress.loaded_bytes = loader.position();
  progress.memory_of_writer = MemoryOfWriter(loader.loaded());
  if (done.ok() && !*done) {
    const uint64_t all = std::max<uint64_t>(progress.total_bytes, 1);
    Tell(env_.engine, &ServerObserver::OnLoadingProgress, false,
         static_cast<int>(progress.loaded_bytes * 1024 / all));
    return false;
  }
  const absl::Status status = done.ok() ? EndLoading() : InFile(done.status());
  loading_.reset();
  if (!status.ok()) return status;
  return true;
}

absl::Status RdbFiles::InFile(const absl::Status& status) const {
  return absl::Status(status.code(), StrCat(loading_->path, ": ", ToStd(status.message())));
}

absl::Status RdbFiles::EndLoading() {
  Engine& engine = env_.engine;
  const RdbLoaded& loaded = loading_->loader.loaded();
  const absl::Status whole = CheckWhole(loaded, loading_->file.bytes().size());
  if (!whole.ok()) return InFile(whole);
  if (aside_ != nullptr) TakeAside();
  const absl::Status functions = env_.functions.Load(loaded.functions, loading_->replace_libraries);
  if (!functions.ok()) return functions;
  loaded_notes_ = loaded.aux;
  keys_loaded_ = loaded.keys;
  keys_expired_ = loaded.expired;
  engine.stats.keyspace_changes = 0;
  const double seconds =
      static_cast<double>(engine.clock.MonotonicNanos() - loading_->begin_ns) / 1e9;
  env_.log.Notice(StrCat("Done loading RDB, keys loaded: ", loaded.keys, ", keys expired: ",
                         loaded.expired, ", empty keys skipped: ", loaded.empty, "."));
  env_.log.Notice(absl::StrFormat("DB loaded from disk: %.3f seconds", seconds));
  return absl::OkStatus();
}

absl::Status RdbFiles::SaveTo(const std::string& path) {
  absl::StatusOr<std::unique_ptr<OutputFile>> file = env_.create(path);
  if (!file.ok()) return file.status();
  return SaveRdb(env_.engine.keyspace, *std::move(file), Notes(), RdbOptionsOf(env_.engine));
}

absl::Status RdbFiles::Save() {
  if (running_ != nullptr) return absl::UnavailableError("Background save already in progress");
  using Save = ServerObserver::Save;
  Tell(env_.engine, &ServerObserver::OnSave, Save::kRdbNow);
  absl::StatusOr<std::unique_ptr<OutputFile>> file = Create();
  absl::Status status = file.status();
  if (status.ok()) {
    status = SaveRdb(env_.engine.keyspace, *std::move(file), Notes(), RdbOptionsOf(env_.engine));
  }
  Tell(env_.engine, &ServerObserver::OnSave, status.ok() ? Save::kEnded : Save::kFailed);
  if (!status.ok()) {
    env_.log.Warning(StrCat("Error saving DB on disk: ", ToStd(status.message())));
    return status;
  }
  env_.log.Notice("DB saved on disk");
  env_.engine.stats.keyspace_changes = 0;
  Saved();
  return status;
}

void RdbFiles::Saved() {
  last_save_ms_ = env_.engine.now_ms;
  last_background_ok_ = true;
  ++saves_;
  Judge();
}

Persistence::Started RdbFiles::SaveInBackground() {
  if (running_ != nullptr) return Persistence::Started::kAlreadySaving;
  last_try_ms_ = env_.engine.now_ms;
  absl::StatusOr<std::unique_ptr<OutputFile>> file = Create();
  if (!file.ok()) {
    EndBackground(file.status());
    return Persistence::Started::kFailed;
  }
  env_.log.Notice("Background saving started");
  running_ = std::make_unique<Running>();
  running_->save = std::make_unique<BackgroundSave>(
      BackgroundSave::Environment{env_.engine, env_.snapshots, env_.post, env_.post_after},
      BackgroundSave::Job{.file = *std::move(file),
                          .notes = [this] { return Notes(); },
                          .on_begin =
                              [this] {
                                running_->changes_before = env_.engine.stats.keyspace_changes;
                                running_->keys_total = env_.engine.keyspace.size();
                                Tell(env_.engine, &ServerObserver::OnSave,
                                     ServerObserver::Save::kRdb);
                                Tell(env_.engine, &ServerObserver::OnSnapshot, true);
                                running_->told = true;
                                return absl::OkStatus();
                              },
                          .on_end = [this](const absl::Status& status) { EndBackground(status); }});
  return Persistence::Started::kYes;
}

void RdbFiles::TellEnd(bool ok) {
  using Save = ServerObserver::Save;
  Tell(env_.engine, &ServerObserver::OnSnapshot, false);
  Tell(env_.engine, &ServerObserver::OnSave, ok ? Save::kEnded : Save::kFailed);
}

void RdbFiles::EndBackground(const absl::Status& status) {
  // None if not even the file could be created.
  const std::unique_ptr<Running> running = std::move(running_);
  if (running != nullptr) last_seconds_ = running->save->seconds();
  if (running != nullptr && running->told) TellEnd(status.ok());
  if (status.ok()) {
    uint64_t& changes = env_.engine.stats.keyspace_changes;
    changes -= std::min(changes, running->changes_before);
    env_.log.Notice("Background saving terminated with success");
    Saved();
    return;
  }
  env_.log.Warning(StrCat("Background saving error: ", ToStd(status.message())));
  last_background_ok_ = false;
  Judge();
}

bool RdbFiles::CancelBackgroundSave() {
  if (running_ == nullptr) return false;
  const bool told = running_->told;
  running_.reset();
  if (told) TellEnd(/*ok=*/false);
  // In the words that tools know.
  env_.log.Notice("Background saving terminated: it was cancelled");
  return true;
}

void RdbFiles::Judge() {
  const bool refuse =
      !last_background_ok_ && has_save_points() && env_.engine.config.stop_writes_on_bgsave_error;
  env_.refusal.SetRdb(refuse ? std::string(errors::kMisconfRdb) : "");
}

bool RdbFiles::has_save_points() const { return !env_.engine.config.save.empty(); }

bool RdbFiles::SavePointReached() const {
  const int64_t since_s = (env_.engine.now_ms - last_save_ms_) / kMillisPerSecond;
  const uint64_t changes = env_.engine.stats.keyspace_changes;
  if (!last_background_ok_ && env_.engine.now_ms - last_try_ms_ < kRetryMillis) return false;
  for (const SavePoint& point : env_.engine.config.save) {
    if (changes >= static_cast<uint64_t>(point.changes) && since_s >= point.seconds) return true;
  }
  return false;
}

void RdbFiles::Tick() {
  if (!last_background_ok_) Judge();  // The directives may have changed.
  if (running_ != nullptr) return running_->save->StepSoon();
  if (!SavePointReached()) return;
  env_.log.Notice(
      StrCat(env_.engine.stats.keyspace_changes, " changes since the last save. Saving..."));
  (void)SaveInBackground();
}

absl::Status RdbFiles::Reload(const ReloadOptions& options) {
  if (options.save) {
    const absl::Status saved = Save();
    if (!saved.ok()) return saved;
  }
  const uint64_t changes = env_.engine.stats.keyspace_changes;
  const absl::Status opened =
      Open(options.path.empty() ? env_.engine.config.dbfilename : options.path,
           env_.engine.keyspace, options.replace, /*keep_expired=*/false);
  if (!opened.ok()) return opened;
  using Loading = ServerObserver::Loading;
  if (options.flush) {
    Tell(env_.engine, &ServerObserver::OnFlush, -1, false, true);
    env_.engine.keyspace.Flush();
    Tell(env_.engine, &ServerObserver::OnFlush, -1, false, false);
    env_.functions.Clear();
  }
  Tell(env_.engine, &ServerObserver::OnLoading, Loading::kRdb);
  loading_->replace_libraries = options.replace;
  const absl::Status status = StepLoading(SIZE_MAX).status();
  Tell(env_.engine, &ServerObserver::OnLoading, status.ok() ? Loading::kEnded : Loading::kFailed);
  env_.engine.stats.keyspace_changes = changes;
  return status;
}

PersistenceStatus RdbFiles::Status() const {
  PersistenceStatus status{.saving = running_ != nullptr,
                           .last_save_s = last_save_ms_ / kMillisPerSecond,
                           .last_background_ok = last_background_ok_,
                           .last_seconds = last_seconds_,
                           .saves = saves_,
                           .keys_loaded = keys_loaded_,
                           .keys_expired = keys_expired_};
  if (running_ == nullptr) return status;
  status.current_seconds = running_->save->seconds();
  status.keys_total = running_->keys_total;
  status.keys_done = running_->save->keys();
  return status;
}

}  // namespace slotmesh::node
