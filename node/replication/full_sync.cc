#include "node/replication/full_sync.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {

FullSync::FullSync(const Environment& environment, Way way, std::string mark)
    : env_(environment),
      way_(way),
      mark_(std::move(mark)),
      path_(StrCat("temp-repl-", mark_, ".rdb")) {}

FullSync::~FullSync() {
  *alive_ = false;
  if (pipe_ != nullptr) pipe_->Abandon();
  save_.reset();
  for (Replica* replica : replicas_) {
    replica->client().host()->Close(replica->client(), /*after_replies=*/false);
  }
}

absl::StatusOr<std::unique_ptr<OutputFile>> FullSync::Create() {
  if (way_ == Way::kFile) {
    return CreateOutputFile(path_, StrCat(path_, ".part"),
                            env_.save.engine.config.rdb_save_incremental_fsync);
  }
  pipe_ = std::make_shared<StreamPipe>([this, alive = alive_, post = env_.save.post] {
    post([this, alive] {
      if (*alive) TakePieces();
    });
  });
  return pipe_->MakeFile();
}

absl::Status FullSync::Begin(const std::vector<Replica*>& replicas) {
  absl::StatusOr<std::unique_ptr<OutputFile>> file = Create();
  if (!file.ok()) return file.status();
  replicas_ = replicas;
  save_ = std::make_unique<BackgroundSave>(
      env_.save,
      BackgroundSave::Job{.file = *std::move(file),
                          .notes = env_.notes,
                          .on_begin =
                              [this] {
                                begun_ = true;
                                offset_ = env_.on_begin();
                                for (Replica* replica : replicas_) Join(*replica);
                                return absl::OkStatus();
                              },
                          .on_end = [this](const absl::Status& status) { OnSaved(status); }});
  return absl::OkStatus();
}

bool FullSync::CanJoin(uint64_t kept_from) const {
  return begun_ && way_ == Way::kFile && kept_from <= offset_;
}

void FullSync::Join(Replica& replica) {
  if (std::find(replicas_.begin(), replicas_.end(), &replica) == replicas_.end()) {
    replicas_.push_back(&replica);
  }
  replica.BeginCopy(env_.history(), offset_);
  if (way_ == Way::kStream) replica.BeginPieces(mark_);
}

void FullSync::Forget(Replica& replica) {
  if (std::erase(replicas_, &replica) == 0 || !replicas_.empty()) return;
  // The words that tools look for.
  env_.log.Notice(way_ == Way::kStream
                      ? "Diskless rdb transfer, last replica dropped, killing fork child."
                      : "The last replica that waited for a copy has gone, it is given up.");
  const auto on_end = env_.on_end;
  on_end();
}

void FullSync::Tick() {
  if (save_ != nullptr) save_->StepSoon();
}

void FullSync::TakePieces() {
  for (const StreamPipe::Piece& piece : pipe_->Take()) {
    for (Replica* replica : replicas_) replica->SendPiece(piece);
  }
}

void FullSync::OnSaved(const absl::Status& status) {
  if (!status.ok()) {
    env_.log.Warning(StrCat("No copy for replicas: ", ToStd(status.message())));
  } else if (way_ == Way::kFile) {
    SendFile();
  } else {
    TakePieces();
    env_.log.Notice(StrCat("Diskless rdb transfer, done reading from pipe, ", replicas_.size(),
                           " replicas still up."));
    for (Replica* replica : std::exchange(replicas_, {})) replica->EndPieces(mark_);
  }
  const auto on_end = env_.on_end;
  on_end();
}

void FullSync::SendFile() {
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  const bool known = descriptor >= 0 && fstat(descriptor, &about) == 0;
  const auto file =
      std::make_shared<OpenFile>(descriptor, known ? static_cast<uint64_t>(about.st_size) : 0);
  unlink(path_.c_str());
  if (!known) {
    env_.log.Warning(StrCat("The copy for replicas cannot be read: ", path_));
    return;
  }
  for (Replica* replica : std::exchange(replicas_, {})) replica->SendFile(file);
}

}  // namespace slotmesh::node
