#include "node/resp/numbers.h"

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace slotmesh::node {
namespace {

constexpr char kTwoDigits[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546"
    "4748"
    "4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495"
    "9697"
    "9899";

constexpr std::array<uint64_t, 20> kPowersOfTen = [] {
  std::array<uint64_t, 20> powers{};
  uint64_t power = 1;
  for (uint64_t& p : powers) {
    p = power;
    power *= 10;
  }
  return powers;
}();

// All digits, canonical, at most `max`.
std::optional<uint64_t> ParseDigits(std::string_view text, uint64_t max) {
  if (text.empty() || text.size() > kInt64TextMax) return std::nullopt;
  if (text[0] == '0') return text.size() == 1 ? std::optional<uint64_t>(0) : std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    const unsigned digit = static_cast<unsigned char>(c) - '0';
    if (digit > 9) return std::nullopt;
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, uint64_t{digit}, &value)) {
      return std::nullopt;
    }
  }
  if (value > max) return std::nullopt;
  return value;
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

double StringTo(const char* text, char** end, double) { return std::strtod(text, end); }
long double StringTo(const char* text, char** end, long double) { return std::strtold(text, end); }

template <typename Float>
std::optional<Float> ParseWithLibc(std::string_view text) {
  // Longer texts of digits are numbers too, but nobody means them.
  char buffer[kLongDoubleTextMax];
  if (text.empty() || text.size() >= sizeof(buffer) || IsSpace(text[0])) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  char* end;
  errno = 0;
  const Float value = StringTo(buffer, &end, Float());
  if (end != buffer + text.size() || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

}  // namespace

int DigitCount(uint64_t value) {
  // log10 from log2 by 1233/4096, then corrected.
  const int bits = 64 - std::countl_zero(value | 1);
  const int guess = (bits * 1233) >> 12;
  return guess + (guess < 20 && (value | 1) >= kPowersOfTen[guess] ? 1 : 0);
}

size_t FormatUint64(uint64_t value, char* out) {
  const int digits = DigitCount(value);
  char* p = out + digits;
  while (value >= 100) {
    p -= 2;
    std::memcpy(p, kTwoDigits + (value % 100) * 2, 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(p - 2, kTwoDigits + value * 2, 2);
  } else {
    p[-1] = static_cast<char>('0' + value);
  }
  return static_cast<size_t>(digits);
}

size_t FormatInt64(int64_t value, char* out) {
  if (value >= 0) return FormatUint64(static_cast<uint64_t>(value), out);
  *out = '-';
  return 1 + FormatUint64(0 - static_cast<uint64_t>(value), out + 1);
}

std::optional<int64_t> ParseInt64(std::string_view text) {
  if (!text.empty() && text[0] == '-') {
    const auto value = ParseDigits(text.substr(1), uint64_t{1} << 63);
    if (!value.has_value() || *value == 0) return std::nullopt;
    return static_cast<int64_t>(0 - *value);
  }
  const auto value = ParseDigits(text, std::numeric_limits<int64_t>::max());
  if (!value.has_value()) return std::nullopt;
  return static_cast<int64_t>(*value);
}

std::optional<uint64_t> ParseUint64(std::string_view text) {
  return ParseDigits(text, std::numeric_limits<uint64_t>::max());
}

std::optional<double> ParseDouble(std::string_view text) {
  double value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) {
    if (std::isnan(value)) return std::nullopt;
    return value;
  }
  return ParseWithLibc<double>(text);  // '+', hexadecimal, out of range.
}

std::optional<long double> ParseLongDouble(std::string_view text) {
  return ParseWithLibc<long double>(text);
}

size_t FormatDouble(double value, char* out) {
  if (std::isnan(value)) return std::strlen(std::strcpy(out, "nan"));
  if (std::isinf(value)) return std::strlen(std::strcpy(out, value > 0 ? "inf" : "-inf"));
  // %.17g of a whole number of at most 17 digits is that number.
  if (std::abs(value) < 1e17 && value == std::trunc(value) &&
      !(value == 0 && std::signbit(value))) {
    return FormatInt64(static_cast<int64_t>(value), out);
  }
  // What printf would write, several times faster.
  return static_cast<size_t>(
      std::to_chars(out, out + kDoubleTextMax, value, std::chars_format::general, 17).ptr - out);
}

size_t FormatDoubleShortest(double value, char* out) {
  if (std::isnan(value) || std::isinf(value)) return FormatDouble(value, out);
  return static_cast<size_t>(std::to_chars(out, out + kDoubleTextMax, value).ptr - out);
}

size_t FormatLongDouble(long double value, char* out) {
  if (std::isnan(value)) return std::strlen(std::strcpy(out, "nan"));
  if (std::isinf(value)) return std::strlen(std::strcpy(out, value > 0 ? "inf" : "-inf"));
  size_t n = static_cast<size_t>(std::snprintf(out, kLongDoubleTextMax, "%.17Lf", value));
  if (std::memchr(out, '.', n) != nullptr) {
    while (out[n - 1] == '0') --n;
    if (out[n - 1] == '.') --n;
  }
  if (n == 2 && out[0] == '-' && out[1] == '0') {
    out[0] = '0';
    n = 1;
  }
  return n;
}

std::string DoubleText(double value) {
  char text[kDoubleTextMax];
  return std::string(text, FormatDouble(value, text));
}

std::string LongDoubleText(long double value) {
  char text[kLongDoubleTextMax];
  return std::string(text, FormatLongDouble(value, text));
}

std::optional<uint64_t> ParseMemory(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0) return std::nullopt;
  uint64_t value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc()) return std::nullopt;
  char unit[3] = {0, 0, 0};
  const std::string_view rest = text.substr(digits);
  if (rest.size() > 2) return std::nullopt;
  for (size_t i = 0; i < rest.size(); ++i) unit[i] = static_cast<char>(rest[i] | 0x20);
  uint64_t scale = 0;
  if (rest.empty() || std::strcmp(unit, "b") == 0) scale = 1;
  if (std::strcmp(unit, "k") == 0) scale = 1000;
  if (std::strcmp(unit, "kb") == 0) scale = 1024;
  if (std::strcmp(unit, "m") == 0) scale = 1000 * 1000;
  if (std::strcmp(unit, "mb") == 0) scale = 1024 * 1024;
  if (std::strcmp(unit, "g") == 0) scale = 1000ull * 1000 * 1000;
  if (std::strcmp(unit, "gb") == 0) scale = 1024ull * 1024 * 1024;
  if (scale == 0 || __builtin_mul_overflow(value, scale, &value)) return std::nullopt;
  return value;
}

}  // namespace slotmesh::node
