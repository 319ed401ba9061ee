// What a request's word says to those who look for keys: a keyword, or a number of keys. Pure;
// private to slots/.
#ifndef SLOTMESH_SLOTS_WORD_TEXT_H_
#define SLOTMESH_SLOTS_WORD_TEXT_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slotmesh::slots {

// Whether `word` is `keyword`, ASCII letters in any case.
inline bool IsKeyword(std::string_view word, std::string_view keyword) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return word.size() == keyword.size() &&
         std::equal(word.begin(), word.end(), keyword.begin(),
                    [lower](char a, char b) { return lower(a) == lower(b); });
}

// The number of keys as commands with a key count take it (EVAL, ZUNION, LMPOP, ...). Absent unless
// `word` is a plain decimal number, without sign or leading zeros, below 10^18.
std::optional<int64_t> ParseKeyCount(std::string_view word);

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_WORD_TEXT_H_
