#include "node/persist/aof_commands.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/str_format.h"
#include "node/codec/crc64.h"

namespace slotmesh::node {
namespace {

constexpr size_t kNumberMax = 20;  // Digits and sign; longer lines are no numbers.
constexpr size_t kNoteMax = 1024;
constexpr size_t kLineEnd = 2;
constexpr std::string_view kSum = "#SUM:";
constexpr size_t kSumDigits = 16;

struct Sum {
  uint64_t length = 0;
  uint64_t crc = 0;
};

// Of a line without its end; nothing if it is no such note.
std::optional<Sum> ParseSum(std::string_view note) {
  if (!note.starts_with(kSum)) return std::nullopt;
  note.remove_prefix(kSum.size());
  Sum sum;
  const char* const end = note.data() + note.size();
  const auto [colon, error] = std::from_chars(note.data(), end, sum.length);
  if (error != std::errc() || end - colon != kSumDigits + 1 || *colon != ':') return std::nullopt;
  const auto [rest, bad] = std::from_chars(colon + 1, end, sum.crc, 16);
  if (bad != std::errc() || rest != end) return std::nullopt;
  return sum;
}

}  // namespace

std::string AofSumNote(uint64_t length, uint64_t crc) {
  return absl::StrFormat("%s%d:%016x\r\n", kSum, length, crc);
}

bool AofCommands::CheckSum(std::string_view note, size_t at) {
  const std::optional<Sum> sum = ParseSum(note);
  if (!sum) return false;
  if (sum->length <= at && Crc64(0, bytes_.substr(at - sum->length, sum->length)) == sum->crc) {
    return true;
  }
  position_ = at - std::min<uint64_t>(sum->length, at);
  return false;
}

bool AofCommands::HasSumBehind() const {
  for (size_t at = bytes_.find(kSum, position_); at != std::string_view::npos;
       at = bytes_.find(kSum, at + 1)) {
    const std::string_view rest = bytes_.substr(at, kNoteMax);
    const size_t end = rest.find("\r\n");
    if (end == std::string_view::npos || at == 0 || bytes_[at - 1] != '\n') continue;
    const std::optional<Sum> sum = ParseSum(rest.substr(0, end));
    if (sum && sum->length <= at) return true;
  }
  return false;
}

AofCommands::Step AofCommands::Number(char mark, size_t* at, uint64_t* number) const {
  if (*at == bytes_.size()) return Step::kCutShort;
  if (bytes_[*at] != mark) return Step::kMalformed;
  const std::string_view rest = bytes_.substr(*at + 1, kNumberMax + kLineEnd);
  const size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) {
    return rest.size() < kNumberMax + kLineEnd ? Step::kCutShort : Step::kMalformed;
  }
  const auto [parsed, error] = std::from_chars(rest.data(), rest.data() + end, *number);
  if (error != std::errc() || parsed != rest.data() + end) return Step::kMalformed;
  *at += 1 + end + kLineEnd;
  return Step::kCommand;
}

AofCommands::Step AofCommands::SkipNotes() {
  while (position_ < bytes_.size() && bytes_[position_] == '#') {
    const std::string_view rest = bytes_.substr(position_, kNoteMax);
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      return rest.size() < kNoteMax ? Step::kCutShort : Step::kMalformed;
    }
    std::string_view note = rest.substr(0, end);
    if (note.ends_with('\r')) note.remove_suffix(1);
    if (note.starts_with(kSum) && !CheckSum(note, position_)) return Step::kDamaged;
    position_ += end + 1;
  }
  return position_ == bytes_.size() ? Step::kEnd : Step::kCommand;
}

AofCommands::Step AofCommands::Next(std::vector<std::string_view>* words) {
  words->clear();
  Step step = SkipNotes();
  if (step != Step::kCommand) return step;
  size_t at = position_;
  uint64_t count;
  step = Number('*', &at, &count);
  if (step != Step::kCommand) return step;
  if (count == 0) return Step::kMalformed;
  for (; count > 0; --count) {
    uint64_t size;
    step = Number('$', &at, &size);
    if (step != Step::kCommand) return step;
    if (size > bytes_.size() - at || bytes_.size() - at - size < kLineEnd) return Step::kCutShort;
    if (bytes_.substr(at + size, kLineEnd) != "\r\n") return Step::kMalformed;
    words->push_back(bytes_.substr(at, size));
    at += size + kLineEnd;
  }
  position_ = at;
  return Step::kCommand;
}

}  // namespace slotmesh::node
