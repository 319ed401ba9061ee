#include "node/persist/aof_load.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kRdbMagic = "REDIS";

absl::Status At(absl::StatusCode code, const std::string& path, size_t position,
                std::string_view what) {
  return absl::Status(code, StrCat(path, ": ", what, " (at byte ", position, ")"));
}

}  // namespace

AofLoader::AofLoader(AofManifest manifest, AofLoadOptions options, Engine& engine,
                     Dispatcher& dispatcher, FunctionTexts& functions)
    : manifest_(std::move(manifest)),
      options_(std::move(options)),
      engine_(engine),
      dispatcher_(dispatcher),
      functions_(functions),
      expiry_mode_(engine.keyspace.expiry_mode()) {
  engine_.keyspace.set_expiry_mode(ExpiryMode::kIgnore);
}

AofLoader::~AofLoader() { engine_.keyspace.set_expiry_mode(expiry_mode_); }

absl::Status AofLoader::Open() {
  std::vector<AofFile> wanted = manifest_.increments;
  if (manifest_.base) wanted.insert(wanted.begin(), *manifest_.base);
  for (const AofFile& file : wanted) {
    File& opened = files_.emplace_back();
    opened.path = StrCat(options_.directory, "/", file.name);
    absl::StatusOr<MappedFile> mapped = MappedFile::Open(opened.path);
    // That it was named and is not there is no absence of files altogether.
    if (absl::IsNotFound(mapped.status())) return absl::DataLossError(mapped.status().message());
    if (!mapped.ok()) return mapped.status();
    opened.size = mapped->bytes().size();
    opened.mapped.emplace(*std::move(mapped));
    total_bytes_ += opened.size;
  }
  if (manifest_.base) loaded_.base_bytes = files_.front().size;
  if (!files_.empty()) BeginFile();
  return absl::OkStatus();
}

absl::Status AofLoader::Run(absl::Span<const std::string_view> words) {
  if (engine_.registry.ResolveOriginal(words) == nullptr) {
    return absl::InvalidArgumentError(
        StrCat("Unknown command '", words[0], "' reading the append only file"));
  }
  dispatcher_.Execute(client_, words, RequestOrigin::kAof);
  ++loaded_.commands;
  std::array<std::string_view, OutputBuffer::kPartsMax> parts;
  const size_t count = client_.output.Peek(absl::MakeSpan(parts));
  absl::Status status;
  if (count > 0 && parts[0].starts_with('-')) {
    status = absl::InvalidArgumentError(StrCat(
        "command ", words[0], " was refused: ", parts[0].substr(1, parts[0].find('\r') - 1)));
  }
  client_.output.Clear();
  return status;
}

absl::Status AofLoader::Take(const std::vector<std::string_view>& words) {
  if (EqualsIgnoreCase(words[0], "multi")) {
    if (!transaction_.empty()) return absl::DataLossError("MULTI within MULTI");
    transaction_.push_back(words);
    return absl::OkStatus();
  }
  if (EqualsIgnoreCase(words[0], "exec")) {
    if (transaction_.empty()) return absl::DataLossError("EXEC without MULTI");
    for (size_t i = 1; i < transaction_.size(); ++i) {
      const absl::Status status = Run(transaction_[i]);
      if (!status.ok()) return status;
    }
    transaction_.clear();
    return absl::OkStatus();
  }
  if (transaction_.empty()) return Run(words);
  transaction_.push_back(words);
  return absl::OkStatus();
}

absl::Status AofLoader::CutTail(const std::string& path, size_t size, size_t position) {
  if (truncate(path.c_str(), static_cast<off_t>(position)) != 0) {
    return absl::UnavailableError(
        StrCat("cannot cut off the unfinished end of ", path, ": ", std::strerror(errno)));
  }
  loaded_.bytes_cut = size - position;
  return absl::OkStatus();
}

void AofLoader::BeginFile() {
  const std::string_view bytes = files_[next_].mapped->bytes();
  complete_ = 0;
  if (!bytes.starts_with(kRdbMagic)) {
    commands_ = std::make_unique<AofCommands>(bytes, 0);
    return;
  }
  const RdbLoadOptions options{.type_settings = engine_.type_settings,
                               .now = engine_.now_ms,
                               // Commands behind it may need them; they expire in time.
                               .keep_expired = true,
                               .on_key = [this](int database, std::string_view key) {
                                 engine_.notifier.Notify(kNotifyLoaded, "loaded", key, database);
                               }};
  rdb_ = std::make_unique<RdbLoader>(bytes, engine_.keyspace, options);
}

void AofLoader::EndFile() {
  loaded_.bytes += files_[next_].size;
  commands_.reset();
  files_[next_].mapped.reset();
  client_.database = 0;
  if (++next_ < files_.size()) BeginFile();
}

uint64_t AofLoader::loaded_bytes() const {
  return loaded_.bytes + (rdb_ != nullptr ? rdb_->position() : 0) +
         (commands_ != nullptr ? commands_->position() : 0);
}

absl::StatusOr<bool> AofLoader::Step(size_t bytes) {
  if (next_ == files_.size()) return true;
  const absl::StatusOr<bool> file_done = rdb_ != nullptr ? StepBase(bytes) : StepCommands(bytes);
  if (!file_done.ok()) return file_done.status();
  if (*file_done) EndFile();
  return next_ == files_.size();
}

absl::StatusOr<bool> AofLoader::StepBase(size_t bytes) {
  const File& file = files_[next_];
  rdb_->set_key_delay(engine_.config.key_load_delay);
  const absl::StatusOr<bool> done = rdb_->Step(bytes);
  memory_of_writer_ = MemoryOfWriter(rdb_->loaded());
  if (!done.ok()) {
    return absl::Status(done.status().code(),
                        StrCat(file.path, ": ", ToStd(done.status().message())));
  }
  if (!*done) return false;
  const absl::Status functions = functions_.Load(rdb_->loaded().functions, /*replace=*/true);
  if (!functions.ok()) return functions;
  complete_ = rdb_->position();
  commands_ = std::make_unique<AofCommands>(file.mapped->bytes(), complete_);
  rdb_.reset();
  return false;
}

absl::StatusOr<bool> AofLoader::StepCommands(size_t bytes) {
  const std::string& path = files_[next_].path;
  const size_t begin = commands_->position();
  while (commands_->position() - begin < bytes) {
    switch (commands_->Next(&words_)) {
      case AofCommands::Step::kCommand: {
        const absl::Status status = Take(words_);
        if (!status.ok()) return At(status.code(), path, complete_, ToStd(status.message()));
        if (transaction_.empty()) complete_ = commands_->position();
        if (engine_.config.key_load_delay != 0) [[unlikely]]
          LoseTime(engine_.config.key_load_delay, loaded_.commands);
        continue;
      }
      case AofCommands::Step::kMalformed:
        return At(absl::StatusCode::kDataLoss, path, commands_->position(),
                  "Bad file format reading the append only file: mend it with 'slotmesh check-aof "
                  "--fix'");
      case AofCommands::Step::kDamaged:
        return At(absl::StatusCode::kDataLoss, path, commands_->position(),
                  "The append only file is damaged: its bytes from here on do not match the "
                  "checksum behind them");
      case AofCommands::Step::kEnd:
        return EndOfCommands(/*cut_short=*/false);
      case AofCommands::Step::kCutShort:
        return EndOfCommands(/*cut_short=*/true);
    }
  }
  return false;
}

absl::StatusOr<bool> AofLoader::EndOfCommands(bool cut_short) {
  if (!cut_short && transaction_.empty()) return true;
  const File& file = files_[next_];
  transaction_.clear();
  if (commands_->HasSumBehind()) {
    return At(absl::StatusCode::kDataLoss, file.path, complete_,
              "The append only file is damaged: a command has no end, and more was written after "
              "it");
  }
  if (!in_last() || !options_.mend_tail) {
    return At(absl::StatusCode::kDataLoss, file.path, complete_,
              "Unexpected end of file reading the append only file");
  }
  const absl::Status cut = CutTail(file.path, file.size, complete_);
  if (!cut.ok()) return cut;
  return true;
}

}  // namespace slotmesh::node
