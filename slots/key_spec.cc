#include "slots/key_spec.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "slots/key_count.h"
#include "slots/strings.h"

namespace slotmesh::slots {
namespace {

// Where a spec's keys begin; 0 if its keyword is not there. The result may lie behind the last
// word.
int64_t FindBegin(const KeySpec& spec, Words words) {
  if (spec.begin == KeySpec::Begin::kIndex) return spec.position;
  const int64_t count = static_cast<int64_t>(words.size());
  if (spec.start_from > 0) {
    for (int64_t i = spec.start_from; i < count; ++i) {
      if (EqualsIgnoreCase(words[i], spec.keyword)) return i + 1;
    }
  } else {
    for (int64_t i = std::min(count + spec.start_from, count - 1); i > 0; --i) {
      if (EqualsIgnoreCase(words[i], spec.keyword)) return i + 1;
    }
  }
  return 0;
}

// The words that are a spec's keys: every `step`th from `first` up to `last`. None if last < first.
struct Stretch {
  int64_t first = 0;
  int64_t last = -1;
};

// Absent if the words cannot be right. All sums stay far from overflow: positions and numbers of
// keys are checked against the number of words first.
std::optional<Stretch> FindStretch(const KeySpec& spec, int64_t begin, Words words) {
  const int64_t count = static_cast<int64_t>(words.size());
  Stretch stretch;
  if (spec.find == KeySpec::Find::kRange) {
    stretch.first = begin;
    if (spec.last >= 0) {
      stretch.last = begin + spec.last;
    } else if (spec.limit <= 1) {
      if (begin == count) return Stretch{};  // An open range may be empty.
      stretch.last = count + spec.last;
    } else {
      stretch.last = begin + (count - begin) / spec.limit + spec.last;
    }
  } else {
    const int64_t count_at = begin + spec.count_at;
    if (count_at >= count) return std::nullopt;
    const std::optional<int64_t> keys = ParseKeyCount(words[count_at]);
    if (!keys.has_value() || *keys > count) return std::nullopt;
    if (*keys == 0) return Stretch{};
    stretch.first = begin + spec.first_key;
    stretch.last = stretch.first + (*keys - 1) * spec.step;
  }
  if (stretch.first >= count || stretch.last >= count || stretch.last < stretch.first) {
    return std::nullopt;
  }
  return stretch;
}

// Appends what one spec finds.
KeyStatus ExtractOne(const KeySpec& spec, Words words, KeyRefs* out) {
  if (spec.begin == KeySpec::Begin::kUnknown || spec.find == KeySpec::Find::kUnknown) {
    return KeyStatus::kNeedsFunction;
  }
  const int64_t begin = FindBegin(spec, words);
  if (begin == 0) return KeyStatus::kOk;
  const std::optional<Stretch> stretch = FindStretch(spec, begin, words);
  if (!stretch.has_value()) return KeyStatus::kInvalid;
  for (int64_t i = stretch->first; i <= stretch->last; i += spec.step) {
    out->push_back({static_cast<uint32_t>(i), spec.flags});
  }
  return Has(spec.flags, KeyFlag::kIncomplete) ? KeyStatus::kNeedsFunction : KeyStatus::kOk;
}

// Appends what those specs find that `wanted` picks; all or nothing.
template <typename Wanted>
KeyStatus ExtractWanted(absl::Span<const KeySpec> specs, Words words, Wanted wanted, KeyRefs* out) {
  const size_t size_before = out->size();
  for (const KeySpec& spec : specs) {
    if (!wanted(spec)) continue;
    const KeyStatus status = ExtractOne(spec, words, out);
    if (status == KeyStatus::kOk) continue;
    out->resize(size_before);
    return status;
  }
  return KeyStatus::kOk;
}

}  // namespace

KeyStatus ExtractKeys(absl::Span<const KeySpec> specs, Words words, KeyRefs* out) {
  return ExtractWanted(
      specs, words, [](const KeySpec& spec) { return spec.is_routed(); }, out);
}

KeyStatus ExtractChannels(absl::Span<const KeySpec> specs, Words words, KeyRefs* out) {
  return ExtractWanted(
      specs, words, [](const KeySpec& spec) { return spec.is_channel(); }, out);
}

KeyStatus FindKeys(absl::Span<const KeySpec> specs, GetKeysFunction function, KeyDetail detail,
                   Words words, KeyRefs* out) {
  if (function.decides_alone()) return function(words, out);
  const bool specs_suffice = detail == KeyDetail::kPositions || function == nullptr ||
                             std::none_of(specs.begin(), specs.end(), [](const KeySpec& spec) {
                               return spec.is_routed() && Has(spec.flags, KeyFlag::kVariableFlags);
                             });
  if (specs_suffice && (function == nullptr || !specs.empty())) {
    const KeyStatus status = ExtractKeys(specs, words, out);
    if (status == KeyStatus::kOk) return status;
    if (function == nullptr) return KeyStatus::kInvalid;
  }
  return function(words, out);
}

bool MayHaveKeys(absl::Span<const KeySpec> specs, GetKeysFunction function) {
  return function != nullptr || std::any_of(specs.begin(), specs.end(), [](const KeySpec& spec) {
           return !Has(spec.flags, KeyFlag::kNotKey);
         });
}

LegacyKeys DeriveLegacyKeys(absl::Span<const KeySpec> specs) {
  const auto is_plain_range = [](const KeySpec& spec) {
    return spec.begin == KeySpec::Begin::kIndex && spec.find == KeySpec::Find::kRange;
  };
  const auto last_word = [](const KeySpec& spec) {
    return spec.last < 0 ? spec.last : spec.position + spec.last;
  };
  LegacyKeys keys;
  const size_t routed = std::count_if(specs.begin(), specs.end(),
                                      [](const KeySpec& spec) { return spec.is_routed(); });
  for (const KeySpec& spec : specs) {
    if (!spec.is_routed()) continue;
    if (Has(spec.flags, KeyFlag::kIncomplete)) keys.movable = true;
    // With several specs the triple speaks of every word from first to last, so a spec joins it
    // only if it takes every word and starts where the one before it ended.
    const bool joins =
        is_plain_range(spec) &&
        (routed == 1 || (spec.step == 1 && (keys.first == 0 || spec.position == keys.last + 1)));
    if (!joins) {
      keys.movable = true;
      continue;
    }
    if (keys.first == 0) {
      keys.first = spec.position;
      keys.step = spec.step;
    }
    keys.last = last_word(spec);
  }
  return keys;
}

}  // namespace slotmesh::slots
