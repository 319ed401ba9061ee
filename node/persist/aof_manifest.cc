#include "node/persist/aof_manifest.h"

#include <algorithm>

#include "node/resp/numbers.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kLineMax = 1024;

struct Line {
  AofFile file;
  char type = 0;
};

std::optional<Line> ParseLine(std::string_view text) {
  const std::optional<std::vector<std::string>> words = SplitArgs(text);
  if (!words || words->size() % 2 != 0) return std::nullopt;
  Line line;
  for (size_t i = 0; i < words->size(); i += 2) {
    const std::string& value = (*words)[i + 1];
    if (EqualsIgnoreCase((*words)[i], "file")) {
      line.file.name = value;
    } else if (EqualsIgnoreCase((*words)[i], "seq")) {
      line.file.sequence = ParseInt64(value).value_or(0);
    } else if (EqualsIgnoreCase((*words)[i], "type")) {
      line.type = value.size() == 1 ? value[0] : '?';
    }
    // What else a later version may say does not matter here.
  }
  const std::string& name = line.file.name;
  const bool plain = !name.empty() && name.find('/') == std::string::npos;
  if (!plain || line.file.sequence <= 0 || line.type == 0) return std::nullopt;
  return line;
}

// Quoted where a reader would take it apart otherwise.
std::string Quoted(const std::string& name) {
  return name.find_first_of(" \t\"'\\") == std::string::npos ? name : QuoteArg(name);
}

// What is wrong with it; empty: nothing.
std::string_view Add(AofManifest& manifest, const Line& line) {
  switch (line.type) {
    case 'b':
      if (manifest.base) return "Found duplicate base file information";
      manifest.base = line.file;
      return "";
    case 'h':
      manifest.history.push_back(line.file);
      return "";
    case 'i':
      if (!manifest.increments.empty() &&
          manifest.increments.back().sequence >= line.file.sequence) {
        return "Found a non-monotonic sequence number";
      }
      manifest.increments.push_back(line.file);
      return "";
    default:
      return "Unknown AOF file type";
  }
}

int64_t Highest(const AofManifest& manifest, bool base) {
  int64_t highest = 0;
  if (base && manifest.base) highest = manifest.base->sequence;
  if (!base && !manifest.increments.empty()) highest = manifest.increments.back().sequence;
  return highest;
}

}  // namespace

absl::StatusOr<AofManifest> AofManifest::Parse(std::string_view text) {
  AofManifest manifest;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const auto wrong = [&](std::string_view what) {
      return absl::DataLossError(StrCat(what, " (line ", number, ")"));
    };
    if (end == std::string_view::npos) return wrong("The AOF manifest's last line has no end");
    text.remove_prefix(end + 1);
    if (line.starts_with('#')) continue;
    if (line.size() > kLineMax) return wrong("The AOF manifest file contains too long line");
    const std::optional<Line> parsed = ParseLine(line);
    if (!parsed) return wrong("Invalid AOF manifest file format");
    const std::string_view error = Add(manifest, *parsed);
    if (!error.empty()) return wrong(error);
  }
  if (manifest == AofManifest()) return absl::DataLossError("Found an empty AOF manifest");
  return manifest;
}

std::string AofManifest::Text() const {
  std::string text;
  const auto add = [&](const AofFile& file, std::string_view type) {
    text += StrCat("file ", Quoted(file.name), " seq ", file.sequence, " type ", type, "\n");
  };
  if (base) add(*base, "b");
  for (const AofFile& file : history) add(file, "h");
  for (const AofFile& file : increments) add(file, "i");
  return text;
}

AofFile AofManifest::NextBase(std::string_view prefix, bool rdb) const {
  const int64_t sequence = Highest(*this, /*base=*/true) + 1;
  return {StrCat(prefix, ".", sequence, rdb ? ".base.rdb" : ".base.aof"), sequence};
}

AofFile AofManifest::NextIncrement(std::string_view prefix) const {
  const int64_t sequence = Highest(*this, /*base=*/false) + 1;
  return {StrCat(prefix, ".", sequence, ".incr.aof"), sequence};
}

}  // namespace slotmesh::node
