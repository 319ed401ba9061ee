// Directive: text to field and back, for every kind of field.
#include <algorithm>
#include <limits>
#include <optional>

#include "node/config/directives.h"
#include "node/resp/numbers.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kPercentMax = 100;

absl::Status Bad(std::string_view reason) { return absl::InvalidArgumentError(ToAbsl(reason)); }

template <typename Number>
absl::Status OutOfBounds(Number min, Number max) {
  return Bad(StrCat("argument must be between ", min, " and ", max, " inclusive"));
}

std::optional<int64_t> ParseOctal(std::string_view text) {
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7' || value > (std::numeric_limits<int64_t>::max() >> 3))
      return std::nullopt;
    value = value * 8 + (c - '0');
  }
  if (text.empty()) return std::nullopt;
  return value;
}

std::string Octal(int64_t value) {
  std::string text;
  do {
    text.insert(text.begin(), static_cast<char>('0' + value % 8));
    value /= 8;
  } while (value != 0);
  return text;
}

// "64mb" where that is exact, as CONFIG REWRITE writes sizes.
std::string MemoryText(uint64_t bytes) {
  constexpr uint64_t kKb = 1024, kMb = kKb * 1024, kGb = kMb * 1024;
  if (bytes != 0 && bytes % kGb == 0) return StrCat(bytes / kGb, "gb");
  if (bytes != 0 && bytes % kMb == 0) return StrCat(bytes / kMb, "mb");
  if (bytes != 0 && bytes % kKb == 0) return StrCat(bytes / kKb, "kb");
  return StrCat(bytes);
}

// Each kind of field below has: the value's text, setting it from one word, and its text for a
// file.
struct Reader {
  const Config& config;

  std::string operator()(const BoolField& f) const { return config.*f.field ? "yes" : "no"; }
  std::string operator()(const NumberField& f) const {
    const int64_t value = config.*f.field;
    if (f.unit == NumberUnit::kOctal) return Octal(value);
    if (f.unit == NumberUnit::kMemoryOrPercent && value < 0) return StrCat(-value, "%");
    return StrCat(value);
  }
  std::string operator()(const SizeField& f) const { return StrCat(config.*f.field); }
  std::string operator()(const TextField& f) const { return config.*f.field; }
  std::string operator()(const EnumField& f) const {
    const int value = f.get(config);
    for (const EnumName& name : f.names) {
      if (name.value == value) return std::string(name.name);
    }
    return "";
  }
  std::string operator()(const SpecialField& f) const { return f.get(config); }
};

struct Writer {
  DirectiveWords words;
  bool append;
  Config* config;

  std::string_view word() const { return words[0]; }

  absl::Status operator()(const BoolField& f) const {
    const bool yes = EqualsIgnoreCase(word(), "yes");
    if (!yes && !EqualsIgnoreCase(word(), "no")) return Bad("argument must be 'yes' or 'no'");
    config->*f.field = yes;
    return absl::OkStatus();
  }

  absl::Status operator()(const NumberField& f) const {
    std::optional<int64_t> value;
    switch (f.unit) {
      case NumberUnit::kPlain:
        value = ParseInt64(word());
        if (!value.has_value()) return Bad("argument couldn't be parsed into an integer");
        break;
      case NumberUnit::kOctal:
        value = ParseOctal(word());
        if (!value.has_value()) return Bad("argument couldn't be parsed as an octal number");
        break;
      case NumberUnit::kMemory:
        value = Memory();
        if (!value.has_value()) return Bad("argument must be a memory value");
        break;
      case NumberUnit::kMemoryOrPercent:
        if (!word().empty() && word().back() == '%') {
          value = ParseInt64(word().substr(0, word().size() - 1));
          if (value.has_value() && *value > kPercentMax) {
            return Bad(StrCat("percentage argument must be less or equal to ", kPercentMax));
          }
          if (value.has_value() && *value >= 0) value = -*value;
        } else {
          value = Memory();
        }
        if (!value.has_value()) return Bad("argument must be a memory or percent value");
        break;
    }
    if (*value < f.min || *value > f.max) return OutOfBounds(f.min, f.max);
    config->*f.field = *value;
    return absl::OkStatus();
  }

  absl::Status operator()(const SizeField& f) const {
    const bool memory = f.unit == NumberUnit::kMemory;
    const std::optional<uint64_t> value = memory ? ParseMemory(word()) : ParseUint64(word());
    if (!value.has_value()) {
      if (memory) return Bad("argument must be a memory value");
      if (ParseInt64(word()).has_value()) return OutOfBounds(f.min, f.max);
      return Bad("argument couldn't be parsed into an integer");
    }
    if (*value < f.min || *value > f.max) return OutOfBounds(f.min, f.max);
    config->*f.field = *value;
    return absl::OkStatus();
  }

  absl::Status operator()(const TextField& f) const {
    const char* const wrong = f.check == nullptr ? nullptr : f.check(word());
    if (wrong != nullptr) return Bad(wrong);
    config->*f.field = std::string(word());
    return absl::OkStatus();
  }

  absl::Status operator()(const EnumField& f) const {
    std::string names;
    for (const EnumName& name : f.names) {
      if (EqualsIgnoreCase(name.name, word())) {
        f.set(config, name.value);
        return absl::OkStatus();
      }
      names += StrCat(names.empty() ? "" : ", ", name.name);
    }
    return Bad(StrCat("argument(s) must be one of the following: ", names));
  }

  absl::Status operator()(const SpecialField& f) const { return f.set(words, append, config); }

 private:
  std::optional<int64_t> Memory() const {
    const std::optional<uint64_t> bytes = ParseMemory(word());
    if (!bytes.has_value() || *bytes > std::numeric_limits<int64_t>::max()) return std::nullopt;
    return static_cast<int64_t>(*bytes);
  }
};

struct FileText {
  const Config& config;

  std::vector<std::string> operator()(const NumberField& f) const {
    const int64_t value = config.*f.field;
    const bool memory = f.unit == NumberUnit::kMemory || f.unit == NumberUnit::kMemoryOrPercent;
    if (memory && value > 0) return {MemoryText(static_cast<uint64_t>(value))};
    return {Reader{config}(f)};
  }
  std::vector<std::string> operator()(const SizeField& f) const {
    return {f.unit == NumberUnit::kMemory ? MemoryText(config.*f.field) : Reader{config}(f)};
  }
  std::vector<std::string> operator()(const TextField& f) const {
    return {QuoteArg(config.*f.field)};
  }
  std::vector<std::string> operator()(const SpecialField& f) const {
    if (f.rewrite != nullptr) return f.rewrite(config);
    return {f.get(config)};
  }
  template <typename Other>
  std::vector<std::string> operator()(const Other& f) const {
    return {Reader{config}(f)};
  }
};

}  // namespace

std::string Directive::Get(const Config& config) const { return std::visit(Reader{config}, field); }

absl::Status Directive::Set(DirectiveWords words, bool append, Config* config) const {
  if (!Has(kMultiArg) && words.size() != 1) return Bad("wrong number of arguments");
  return std::visit(Writer{words, append, config}, field);
}

std::vector<std::string> Directive::FileLines(const Config& config) const {
  return std::visit(FileText{config}, field);
}

}  // namespace slotmesh::node
