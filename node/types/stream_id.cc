#include "node/types/stream_id.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "node/resp/numbers.h"

namespace slotmesh::node {
namespace {

// Longer words are no ids.
constexpr size_t kWordMax = 127;

// REQUIRES: a NUL follows the text.
bool ParseNumber(std::string_view text, uint64_t* number) {
  if (const std::optional<uint64_t> plain = ParseUint64(text)) {
    *number = *plain;
    return true;
  }
  if (text.empty()) return false;
  // "-5" is none; "-05" wraps around, as strtoull has it.
  if (ParseInt64(text).has_value()) return false;
  errno = 0;
  char* end = nullptr;
  *number = std::strtoull(text.data(), &end, 10);
  return errno == 0 && end == text.data() + text.size();
}

}  // namespace

StreamIdText::StreamIdText(StreamId id) {
  size_ = FormatUint64(id.ms, text_);
  text_[size_++] = '-';
  size_ += FormatUint64(id.seq, text_ + size_);
}

void EncodeStreamId(StreamId id, char* out) {
  const uint64_t parts[] = {__builtin_bswap64(id.ms), __builtin_bswap64(id.seq)};
  std::memcpy(out, parts, sizeof(parts));
}

StreamId DecodeStreamId(std::string_view bytes) {
  uint64_t parts[2];
  std::memcpy(parts, bytes.data(), sizeof(parts));
  return {__builtin_bswap64(parts[0]), __builtin_bswap64(parts[1])};
}

bool ParseStreamId(std::string_view word, StreamIdForm form, uint64_t missing_seq,
                   ParsedStreamId* parsed) {
  parsed->any_seq = false;
  if (word.size() > kWordMax) return false;
  char text[kWordMax + 1];
  if (!word.empty()) std::memcpy(text, word.data(), word.size());
  text[word.size()] = '\0';
  const std::string_view whole(text);  // Up to the first NUL.
  if (form == StreamIdForm::kWithEnds && (whole == "-" || whole == "+")) {
    parsed->id = whole == "-" ? StreamId{} : kStreamIdMax;
    return true;
  }
  const size_t dash = whole.find('-');
  if (dash == std::string_view::npos) {
    parsed->id.seq = missing_seq;
    return ParseNumber(whole, &parsed->id.ms);
  }
  text[dash] = '\0';
  if (!ParseNumber(whole.substr(0, dash), &parsed->id.ms)) return false;
  const std::string_view seq = whole.substr(dash + 1);
  if (form == StreamIdForm::kAnySeq && seq == "*") {
    parsed->id.seq = 0;
    parsed->any_seq = true;
    return true;
  }
  return ParseNumber(seq, &parsed->id.seq);
}

}  // namespace slotmesh::node
