#include "node/persist/aof_commands.h"

#include <charconv>

namespace slotmesh::node {
namespace {

constexpr size_t kNumberMax = 20;  // Digits and sign; longer lines are no numbers.
constexpr size_t kNoteMax = 1024;
constexpr size_t kLineEnd = 2;

}  // namespace

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
