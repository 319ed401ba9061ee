#include "bazel/fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace slotmesh::fuzz {
namespace {

constexpr int kChangesMax = 8;
constexpr size_t kInsertMax = 64;

// Numbers and bytes at which parsers tend to go wrong.
constexpr std::array<std::string_view, 20> kInteresting = {
    "0",
    "-1",
    "-2",
    "1",
    "255",
    "65536",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "1e308",
    "nan",
    "inf",
    "\r\n",
    " ",
    "\"",
    "$-1\r\n",
};

// Uniform in [0, bound). REQUIRES: bound > 0.
size_t Below(Random& random, size_t bound) { return static_cast<size_t>(random() % bound); }

std::string_view RandomPart(std::string_view text, Random& random) {
  if (text.empty()) return text;
  const size_t start = Below(random, text.size());
  return text.substr(start, 1 + Below(random, std::min(text.size() - start, kInsertMax)));
}

// Replaces the first run of digits at or after a random place, so that lengths stop agreeing.
void ReplaceNumber(std::string& text, Random& random) {
  size_t start = Below(random, text.size());
  while (start < text.size() && std::isdigit(static_cast<unsigned char>(text[start])) == 0) ++start;
  size_t end = start;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  text.replace(start, end - start, kInteresting[Below(random, kInteresting.size())]);
}

void ChangeOnce(std::string& text, const std::vector<std::string>& corpus, Random& random) {
  const size_t at = Below(random, text.size() + 1);
  if (text.empty() || at == text.size()) {
    text.append(1 + Below(random, 4), static_cast<char>(random()));
    return;
  }
  switch (Below(random, 8)) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ (1 << Below(random, 8)));
      break;
    case 1:
      text[at] = static_cast<char>(random());
      break;
    case 2:
      text.erase(at, 1 + Below(random, kInsertMax));
      break;
    case 3:
      text.insert(at, std::string(RandomPart(text, random)));
      break;
    case 4:
      text.insert(at,
                  RandomPart(corpus.empty() ? text : corpus[Below(random, corpus.size())], random));
      break;
    case 5:
      text.insert(at, kInteresting[Below(random, kInteresting.size())]);
      break;
    case 6:
      ReplaceNumber(text, random);
      break;
    case 7:
      text.resize(at);
      break;
  }
}

}  // namespace

std::string Mutate(const std::vector<std::string>& corpus, Random& random) {
  std::string text = corpus.empty() ? std::string() : corpus[Below(random, corpus.size())];
  const size_t changes = 1 + Below(random, kChangesMax);
  for (size_t i = 0; i < changes; ++i) ChangeOnce(text, corpus, random);
  if (text.size() > kMutatedSizeMax) text.resize(kMutatedSizeMax);
  return text;
}

}  // namespace slotmesh::fuzz
