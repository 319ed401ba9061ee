// Numbers as Redis reads and writes them: strict decimal integers, doubles with strtod's grammar,
// and their texts.
//
// Pure functions; safe from any thread. Writers put their text at `out` and return its length; no
// NUL follows.
#ifndef SLOTMESH_NODE_RESP_NUMBERS_H_
#define SLOTMESH_NODE_RESP_NUMBERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slotmesh::node {

// Longest texts.
inline constexpr size_t kInt64TextMax = 20;
inline constexpr size_t kDoubleTextMax = 32;
inline constexpr size_t kLongDoubleTextMax = 5 * 1024;

// The whole text is one canonical decimal number: an optional '-', no '+', no leading zeros, no
// spaces, no "-0". So a text that parses is exactly what FormatInt64 gives back.
std::optional<int64_t> ParseInt64(std::string_view text);
std::optional<uint64_t> ParseUint64(std::string_view text);

// The whole text is a number for strtod (hexadecimal and "inf" included), without leading white
// space; absent for NaN, for overflow and for underflow to zero.
std::optional<double> ParseDouble(std::string_view text);
std::optional<long double> ParseLongDouble(std::string_view text);

// REQUIRES: room for kInt64TextMax (kDoubleTextMax, kLongDoubleTextMax) bytes at `out`.
size_t FormatInt64(int64_t value, char* out);
size_t FormatUint64(uint64_t value, char* out);
// printf's %.17g; "inf", "-inf", "nan".
size_t FormatDouble(double value, char* out);
// The shortest text that reads back as the same number.
size_t FormatDoubleShortest(double value, char* out);
// %.17Lf without trailing zeros; "inf", "-inf". What INCRBYFLOAT stores and replies.
size_t FormatLongDouble(long double value, char* out);

std::string DoubleText(double value);
std::string LongDoubleText(long double value);

// How many decimal digits, 1 to 20.
int DigitCount(uint64_t value);

// A size with units as redis.conf has them: "100", "1k" (1000), "1kb" (1024), "5mb", "1GB", "1b".
// No sign, no space; overflow is absent.
std::optional<uint64_t> ParseMemory(std::string_view text);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_NUMBERS_H_
