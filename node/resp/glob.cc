#include "node/resp/glob.h"

#include <cstddef>
#include <utility>

namespace slotmesh::node {
namespace {

signed char Lower(char c) {
  return static_cast<signed char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

class Matcher {
 public:
  Matcher(std::string_view pattern, bool ignore_case)
      : pattern_(pattern), ignore_case_(ignore_case) {}

  // Only the last '*' is ever gone back to: what the ones before it took cannot matter any more.
  bool Matches(std::string_view text) const {
    if (text.empty()) return pattern_.empty();
    constexpr size_t kNone = std::string_view::npos;
    size_t p = 0;
    size_t t = 0;
    size_t star = kNone;  // Behind the last '*'.
    size_t star_text = 0;
    size_t stars = 0;
    while (t < text.size()) {
      if (p < pattern_.size() && pattern_[p] == '*') {
        while (p + 1 < pattern_.size() && pattern_[p + 1] == '*') ++p;
        if (++stars > kGlobStarsMax) return false;
        star = ++p;
        star_text = t;
        continue;
      }
      size_t next = p;
      if (p < pattern_.size() && MatchesOne(text[t], &next)) {
        p = next;
        ++t;
        continue;
      }
      if (star == kNone) return false;
      p = star;
      t = ++star_text;
    }
    while (p < pattern_.size() && pattern_[p] == '*') ++p;
    return p == pattern_.size();
  }

 private:
  bool Equal(char a, char b) const { return ignore_case_ ? Lower(a) == Lower(b) : a == b; }

  // Matches the element at *p, which is not '*', with a byte; *p is then behind the element.
  bool MatchesOne(char byte, size_t* p) const {
    switch (pattern_[*p]) {
      case '?':
        ++*p;
        return true;
      case '[':
        ++*p;
        return MatchesClass(byte, p);
      case '\\':
        if (*p + 1 < pattern_.size()) ++*p;
        break;
      default:
        break;
    }
    return Equal(pattern_[(*p)++], byte);
  }

  bool InRange(char first, char last, char byte) const {
    auto low = static_cast<signed char>(first);
    auto high = static_cast<signed char>(last);
    auto value = static_cast<signed char>(byte);
    if (low > high) std::swap(low, high);
    if (ignore_case_) {
      low = Lower(static_cast<char>(low));
      high = Lower(static_cast<char>(high));
      value = Lower(byte);
    }
    return value >= low && value <= high;
  }

  bool MatchesClass(char byte, size_t* p) const {
    const bool negated = *p < pattern_.size() && pattern_[*p] == '^';
    if (negated) ++*p;
    bool found = false;
    while (*p < pattern_.size()) {
      const size_t left = pattern_.size() - *p;
      const char* at = pattern_.data() + *p;
      if (at[0] == '\\' && left >= 2) {
        found = found || Equal(at[1], byte);
        *p += 2;
      } else if (at[0] == ']') {
        ++*p;
        break;
      } else if (left >= 3 && at[1] == '-') {
        found = found || InRange(at[0], at[2], byte);
        *p += 3;
      } else {
        found = found || Equal(at[0], byte);
        ++*p;
      }
    }
    return found != negated;
  }

  std::string_view pattern_;
  bool ignore_case_;
};

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  return Matcher(pattern, /*ignore_case=*/false).Matches(text);
}

bool GlobMatchesIgnoreCase(std::string_view pattern, std::string_view text) {
  return Matcher(pattern, /*ignore_case=*/true).Matches(text);
}

}  // namespace slotmesh::node
