#include "node/resp/request_text.h"

#include <charconv>

#include "node/resp/numbers.h"

namespace slotmesh::node {
namespace {

void AppendNumber(std::string& out, char type, uint64_t number) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  out += type;
  out.append(digits, end);
  out += "\r\n";
}

}  // namespace

void AppendWordCount(std::string& out, uint64_t count) { AppendNumber(out, '*', count); }

void AppendWord(std::string& out, std::string_view word) {
  AppendNumber(out, '$', word.size());
  out += word;
  out += "\r\n";
}

void AppendRequest(std::string& out, Args words) {
  AppendWordCount(out, words.size());
  for (const std::string_view word : words) AppendWord(out, word);
}

uint64_t RequestLength(Args words) {
  constexpr uint64_t kLineFraming = 3;  // A mark and a line end.
  constexpr uint64_t kLineEnd = 2;
  uint64_t bytes = DigitCount(words.size()) + kLineFraming;
  for (const std::string_view word : words) {
    bytes += DigitCount(word.size()) + kLineFraming + word.size() + kLineEnd;
  }
  return bytes;
}

}  // namespace slotmesh::node
