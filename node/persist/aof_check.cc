#include "node/persist/aof_check.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "node/persist/aof_commands.h"
#include "node/persist/aof_manifest.h"
#include "node/persist/mapped_file.h"
#include "node/persist/rdb_check.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kTimeNote = "#TS:";

class Checker {
 public:
  explicit Checker(const AofCheckOptions& options) : options_(options) {}

  enum class Result { kValid, kEmpty, kTruncated, kTimeTruncated, kBad };
  Result CheckFile(const std::string& path, const std::string& name, bool last);
  bool CheckAll(const std::string& folder, const AofManifest& manifest);
  bool CheckOne(const std::string& path) { return Say(CheckFile(path, path, true), "", path); }
  void Print(const std::string& line) { options_.print(line); }

 private:
  // How far a file is good, and what comes then.
  struct Extent {
    size_t good = 0;
    std::string error;
    // Where the first note of a later time than is wanted stands.
    std::optional<size_t> later;
  };
  Extent Measure(std::string_view bytes, size_t begin) const;
  std::optional<size_t> FindLater(std::string_view bytes, size_t from, size_t to) const;
  Result CutTo(const std::string& path, const std::string& name, bool last, const Extent& extent);
  Result Mend(const std::string& path, const std::string& name, size_t size, bool last,
              const Extent& extent);
  bool Truncate(const std::string& path, const std::string& name, size_t size);
  bool Say(Result result, std::string_view kind, const std::string& name);

  const AofCheckOptions& options_;
};

// Between two commands there may be several notes.
std::optional<size_t> Checker::FindLater(std::string_view bytes, size_t from, size_t to) const {
  while (from < to && bytes[from] == '#') {
    const size_t end = bytes.find('\n', from);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view note = bytes.substr(from, end - from);
    if (note.ends_with('\r')) note.remove_suffix(1);
    if (note.starts_with(kTimeNote)) {
      const std::optional<int64_t> time = ParseInt64(note.substr(kTimeNote.size()));
      if (time && *time > *options_.truncate_to) return from;
    }
    from = end + 1;
  }
  return std::nullopt;
}

Checker::Extent Checker::Measure(std::string_view bytes, size_t begin) const {
  Extent extent{.good = begin};
  AofCommands commands(bytes, begin);
  std::vector<std::string_view> words;
  bool in_transaction = false;
  const auto at = [&](std::string_view what) {
    return absl::StrFormat("0x%16x: %s\n", commands.position(), std::string(what));
  };
  while (true) {
    const size_t before = commands.position();
    const AofCommands::Step step = commands.Next(&words);
    if (options_.truncate_to && !extent.later) {
      extent.later = FindLater(bytes, before, commands.position());
      if (extent.later) return extent;
    }
    switch (step) {
      case AofCommands::Step::kCommand:
        if (EqualsIgnoreCase(words[0], "multi")) {
          if (in_transaction) extent.error = at("Unexpected MULTI");
          in_transaction = true;
        } else if (EqualsIgnoreCase(words[0], "exec")) {
          if (!in_transaction) extent.error = at("Unexpected EXEC");
          in_transaction = false;
        }
        if (!extent.error.empty()) return extent;
        if (!in_transaction) extent.good = commands.position();
        continue;
      case AofCommands::Step::kEnd:
        if (in_transaction) {
          extent.error = "Reached EOF before reading EXEC for MULTI\n";
        } else {
          extent.good = bytes.size();
        }
        return extent;
      case AofCommands::Step::kCutShort:
        extent.error = at("Reached EOF within a command");
        return extent;
      case AofCommands::Step::kDamaged:
        extent.error = at("The bytes from here on do not match the checksum behind them");
        extent.good = std::min(extent.good, std::max(commands.position(), begin));
        return extent;
      case AofCommands::Step::kMalformed:
        extent.error = at("Expected a command: the bytes from here on are none");
        return extent;
    }
  }
}

bool Checker::Truncate(const std::string& path, const std::string& name, size_t size) {
  if (truncate(path.c_str(), static_cast<off_t>(size)) == 0) return true;
  Print(StrCat("Failed to truncate AOF ", name, ": ", std::strerror(errno), "\n"));
  return false;
}

Checker::Result Checker::CutTo(const std::string& path, const std::string& name, bool last,
                               const Extent& extent) {
  const int64_t time = *options_.truncate_to;
  if (*extent.later == 0) {
    Print(StrCat("AOF ", name, " has nothing before timestamp ", time, ", aborting...\n"));
    return Result::kBad;
  }
  if (!last) {
    Print(StrCat("Failed to truncate AOF ", name, " to timestamp ", time, " to offset ",
                 *extent.later, " because it is not the last file.\n",
                 "If you insist, please delete all files after this file according to the manifest "
                 "file and delete the corresponding records in manifest file manually. Then re-run "
                 "redis-check-aof.\n"));
    return Result::kBad;
  }
  return Truncate(path, name, *extent.later) ? Result::kTimeTruncated : Result::kBad;
}

Checker::Result Checker::Mend(const std::string& path, const std::string& name, size_t size,
                              bool last, const Extent& extent) {
  if (!options_.fix) {
    Print(StrCat("AOF ", name, " is not valid. Use the --fix option to try fixing it.\n"));
    return Result::kBad;
  }
  if (!last) {
    Print(StrCat("Failed to truncate AOF ", name, " because it is not the last file\n"));
    return Result::kBad;
  }
  Print(StrCat("This will shrink the AOF ", name, " from ", size, " bytes, with ",
               size - extent.good, " bytes, to ", extent.good, " bytes\nContinue? [y/N]: "));
  if (!options_.confirm()) {
    Print("Aborting...\n");
    return Result::kBad;
  }
  return Truncate(path, name, extent.good) ? Result::kTruncated : Result::kBad;
}

Checker::Result Checker::CheckFile(const std::string& path, const std::string& name, bool last) {
  const absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) {
    Print(StrCat(ToStd(file.status().message()), ", aborting...\n"));
    return Result::kBad;
  }
  const std::string_view bytes = file->bytes();
  if (bytes.empty()) return Result::kEmpty;
  size_t begin = 0;
  if (bytes.starts_with("REDIS")) {
    const RdbChecked rdb = CheckRdb(bytes, name, options_.now, /*may_go_on=*/true, options_.print);
    if (!rdb.well) {
      Print("RDB preamble of AOF file is not sane, aborting.\n");
      return Result::kBad;
    }
    Print("RDB preamble is OK, proceeding with AOF tail...\n");
    begin = rdb.size;
  }
  const Extent extent = Measure(bytes, begin);
  if (extent.later) return CutTo(path, name, last, extent);
  if (!extent.error.empty()) Print(extent.error);
  const auto lines = 1 + std::count(bytes.begin() + static_cast<long>(begin),
                                    bytes.begin() + static_cast<long>(extent.good), '\n');
  const size_t diff = bytes.size() - extent.good;
  Print(StrCat("AOF analyzed: filename=", name, ", size=", bytes.size(), ", ok_up_to=", extent.good,
               ", ok_up_to_line=", lines, ", diff=", diff, "\n"));
  if (options_.truncate_to) {
    Print(StrCat("Truncate nothing in AOF ", name, " to timestamp ", *options_.truncate_to, "\n"));
  }
  return diff == 0 ? Result::kValid : Mend(path, name, bytes.size(), last, extent);
}

bool Checker::Say(Result result, std::string_view kind, const std::string& name) {
  const std::string who = StrCat(kind, "AOF ", name);
  switch (result) {
    case Result::kValid:
      Print(StrCat(who, " is valid\n"));
      return true;
    case Result::kEmpty:
      Print(StrCat(who, " is empty\n"));
      return true;
    case Result::kTruncated:
      Print(StrCat("Successfully truncated AOF ", name, "\n"));
      return true;
    case Result::kTimeTruncated:
      Print(StrCat("Successfully truncated AOF ", name, " to timestamp ", *options_.truncate_to,
                   "\n"));
      return true;
    case Result::kBad:
      return false;
  }
  return false;
}

bool Checker::CheckAll(const std::string& folder, const AofManifest& manifest) {
  Print("Start checking Multi Part AOF\n");
  bool cut = false;
  const auto check = [&](const AofFile& file, bool last, std::string_view kind) {
    const Result result = CheckFile(StrCat(folder, file.name), file.name, last);
    cut = cut || result == Result::kTruncated || result == Result::kTimeTruncated;
    return Say(result, kind, file.name);
  };
  if (manifest.base) {
    const absl::StatusOr<MappedFile> base = MappedFile::Open(StrCat(folder, manifest.base->name));
    const bool rdb = base.ok() && base->bytes().starts_with("REDIS");
    Print(StrCat("Start to check BASE AOF (", rdb ? "RDB" : "RESP", " format).\n"));
    if (!check(*manifest.base, manifest.increments.empty(), "BASE ")) return false;
  }
  if (!manifest.increments.empty()) Print("Start to check INCR files.\n");
  for (size_t i = 0; i < manifest.increments.size(); ++i) {
    const bool last = i + 1 == manifest.increments.size();
    if (!check(manifest.increments[i], last, "INCR ")) return false;
  }
  if (!cut) Print("All AOF files and manifest are valid\n");
  return true;
}

// A manifest says of its first file what it is.
bool IsManifest(std::string_view bytes) {
  while (bytes.starts_with('#')) {
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return false;
    bytes.remove_prefix(end + 1);
  }
  return bytes.starts_with("file ");
}

}  // namespace

bool CheckAof(const std::string& path, const AofCheckOptions& options) {
  Checker checker(options);
  const absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) {
    checker.Print(StrCat("Cannot open file ", path, ": ", std::strerror(errno), "\n"));
    return false;
  }
  if (IsManifest(file->bytes())) {
    const absl::StatusOr<AofManifest> manifest = AofManifest::Parse(file->bytes());
    if (!manifest.ok()) {
      checker.Print(StrCat(ToStd(manifest.status().message()), "\n"));
      return false;
    }
    const size_t slash = path.rfind('/');
    return checker.CheckAll(slash == std::string::npos ? "" : path.substr(0, slash + 1), *manifest);
  }
  checker.Print("Start checking Old-Style AOF\n");
  return checker.CheckOne(path);
}

}  // namespace slotmesh::node
