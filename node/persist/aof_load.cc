#include "node/persist/aof_load.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "node/command/client.h"
#include "node/persist/aof_commands.h"
#include "node/persist/mapped_file.h"
#include "node/persist/rdb_load.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kRdbMagic = "REDIS";

absl::Status At(absl::StatusCode code, const std::string& path, size_t position,
                std::string_view what) {
  return absl::Status(code, StrCat(path, ": ", what, " (at byte ", position, ")"));
}

class Loader {
 public:
  Loader(const AofLoadOptions& options, Engine& engine, Dispatcher& dispatcher,
         FunctionTexts& functions)
      : options_(options), engine_(engine), dispatcher_(dispatcher), functions_(functions) {}

  absl::Status Load(const AofFile& file, bool last);

  AofLoaded& loaded() { return loaded_; }

 private:
  absl::StatusOr<size_t> LoadBase(const std::string& path, std::string_view bytes);
  absl::Status LoadCommands(const std::string& path, std::string_view bytes, size_t begin,
                            bool last);
  absl::Status Take(const std::vector<std::string_view>& words);
  absl::Status Run(absl::Span<const std::string_view> words);
  absl::Status CutTail(const std::string& path, size_t size, size_t position);

  const AofLoadOptions& options_;
  Engine& engine_;
  Dispatcher& dispatcher_;
  FunctionTexts& functions_;
  Client client_{0, nullptr};
  AofLoaded loaded_;
  // Of a transaction whose EXEC is still to come: MULTI first.
  std::vector<std::vector<std::string_view>> transaction_;
};

absl::Status Loader::Run(absl::Span<const std::string_view> words) {
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

absl::Status Loader::Take(const std::vector<std::string_view>& words) {
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

absl::Status Loader::CutTail(const std::string& path, size_t size, size_t position) {
  if (truncate(path.c_str(), static_cast<off_t>(position)) != 0) {
    return absl::UnavailableError(
        StrCat("cannot cut off the unfinished end of ", path, ": ", std::strerror(errno)));
  }
  loaded_.bytes_cut = size - position;
  return absl::OkStatus();
}

absl::Status Loader::LoadCommands(const std::string& path, std::string_view bytes, size_t begin,
                                  bool last) {
  AofCommands commands(bytes, begin);
  std::vector<std::string_view> words;
  size_t complete = begin;  // Behind the last command that took effect.
  while (true) {
    switch (commands.Next(&words)) {
      case AofCommands::Step::kCommand: {
        const absl::Status status = Take(words);
        if (!status.ok()) return At(status.code(), path, complete, ToStd(status.message()));
        if (transaction_.empty()) complete = commands.position();
        continue;
      }
      case AofCommands::Step::kMalformed:
        return At(absl::StatusCode::kDataLoss, path, commands.position(),
                  "Bad file format reading the append only file: mend it with 'slotmesh check-aof "
                  "--fix'");
      case AofCommands::Step::kEnd:
        if (transaction_.empty()) return absl::OkStatus();
        break;
      case AofCommands::Step::kCutShort:
        break;
    }
    transaction_.clear();
    if (!last || !options_.mend_tail) {
      return At(absl::StatusCode::kDataLoss, path, complete,
                "Unexpected end of file reading the append only file");
    }
    return CutTail(path, bytes.size(), complete);
  }
}

absl::StatusOr<size_t> Loader::LoadBase(const std::string& path, std::string_view bytes) {
  const RdbLoadOptions options{.type_settings = engine_.type_settings,
                               .now = engine_.now_ms,
                               // Commands behind it may need them; they expire in time.
                               .keep_expired = true};
  const absl::StatusOr<RdbLoaded> rdb = LoadRdb(bytes, engine_.keyspace, options, [](size_t) {});
  if (!rdb.ok()) {
    return absl::Status(rdb.status().code(), StrCat(path, ": ", ToStd(rdb.status().message())));
  }
  const absl::Status functions = functions_.Load(rdb->functions);
  if (!functions.ok()) return functions;
  return rdb->size;
}

absl::Status Loader::Load(const AofFile& file, bool last) {
  const std::string path = StrCat(options_.directory, "/", file.name);
  const absl::StatusOr<MappedFile> mapped = MappedFile::Open(path);
  if (!mapped.ok()) return mapped.status();
  const std::string_view bytes = mapped->bytes();
  size_t begin = 0;
  if (bytes.starts_with(kRdbMagic)) {
    const absl::StatusOr<size_t> size = LoadBase(path, bytes);
    if (!size.ok()) return size.status();
    begin = *size;
  }
  client_.database = 0;
  const absl::Status status = LoadCommands(path, bytes, begin, last);
  loaded_.bytes += bytes.size();
  return status;
}

}  // namespace

absl::StatusOr<AofLoaded> LoadAof(const AofManifest& manifest, const AofLoadOptions& options,
                                  Engine& engine, Dispatcher& dispatcher,
                                  FunctionTexts& functions) {
  Loader loader(options, engine, dispatcher, functions);
  const ExpiryMode mode = engine.keyspace.expiry_mode();
  engine.keyspace.set_expiry_mode(ExpiryMode::kIgnore);
  absl::Status status;
  if (manifest.base) status = loader.Load(*manifest.base, manifest.increments.empty());
  loader.loaded().base_bytes = loader.loaded().bytes;
  for (size_t i = 0; i < manifest.increments.size() && status.ok(); ++i) {
    status = loader.Load(manifest.increments[i], i + 1 == manifest.increments.size());
  }
  engine.keyspace.set_expiry_mode(mode);
  if (!status.ok()) return status;
  return std::move(loader.loaded());
}

}  // namespace slotmesh::node
