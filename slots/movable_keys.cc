#include "slots/movable_keys.h"

#include <cstddef>
#include <optional>
#include <string_view>

#include "absl/types/span.h"
#include "slots/key_count.h"
#include "slots/strings.h"

namespace slotmesh::slots {
namespace {

constexpr KeyFlag kRead = KeyFlag::kRo | KeyFlag::kAccess;
constexpr KeyFlag kStore = KeyFlag::kOw | KeyFlag::kUpdate;
constexpr KeyFlag kReadAndUpdate = KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kUpdate;
constexpr KeyFlag kTakeAway = KeyFlag::kRw | KeyFlag::kAccess | KeyFlag::kDelete;

// An option and how many words that belong to it follow.
struct Option {
  std::string_view name;
  size_t values = 0;
};

// How many values follow `word` if it is one of `options`, else 0.
size_t ValuesOf(std::string_view word, absl::Span<const Option> options) {
  for (const Option& option : options) {
    if (EqualsIgnoreCase(word, option.name)) return option.values;
  }
  return 0;
}

void Append(size_t word, KeyFlag flags, KeyRefs* out) {
  out->push_back({static_cast<uint32_t>(word), flags});
}

// The key in word 1, and the value of the last STORE or STOREDIST at or behind `options_at`.
KeyStatus KeyAndDestination(size_t options_at, absl::Span<const Option> options, bool has_storedist,
                            Words words, KeyRefs* out) {
  if (words.size() < 2) return KeyStatus::kInvalid;
  size_t destination = 0;
  for (size_t i = options_at; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], "store") ||
        (has_storedist && EqualsIgnoreCase(words[i], "storedist"))) {
      if (i + 1 < words.size()) destination = i + 1;
      ++i;
    } else {
      i += ValuesOf(words[i], options);
    }
  }
  Append(1, kRead, out);
  if (destination != 0) Append(destination, kStore, out);
  return KeyStatus::kOk;
}

KeyStatus StreamKeys(size_t options_at, Words words, KeyRefs* out) {
  constexpr Option kOptions[] = {{"count", 1}, {"block", 1}, {"group", 2}};
  for (size_t i = options_at; i < words.size(); ++i) {
    if (!EqualsIgnoreCase(words[i], "streams")) {
      i += ValuesOf(words[i], kOptions);
      continue;
    }
    const size_t rest = words.size() - i - 1;
    if (rest == 0 || rest % 2 != 0) return KeyStatus::kInvalid;
    for (size_t key = 0; key < rest / 2; ++key) Append(i + 1 + key, kRead, out);
    return KeyStatus::kOk;
  }
  return KeyStatus::kInvalid;
}

}  // namespace

KeyStatus SortKeys(Words words, KeyRefs* out) {
  constexpr Option kOptions[] = {{"limit", 2}, {"get", 1}, {"by", 1}};
  return KeyAndDestination(2, kOptions, /*has_storedist=*/false, words, out);
}

KeyStatus SortReadOnlyKeys(Words words, KeyRefs* out) {
  if (words.size() < 2) return KeyStatus::kInvalid;
  Append(1, kRead, out);
  return KeyStatus::kOk;
}

KeyStatus MigrateKeys(Words words, KeyRefs* out) {
  constexpr Option kOptions[] = {{"auth", 1}, {"auth2", 2}};
  constexpr size_t kKeyWord = 3;
  constexpr size_t kOptionsAt = 6;
  if (words.size() <= kKeyWord) return KeyStatus::kInvalid;
  for (size_t i = kOptionsAt; i < words.size(); ++i) {
    if (!EqualsIgnoreCase(words[i], "keys")) {
      i += ValuesOf(words[i], kOptions);
      continue;
    }
    if (!words[kKeyWord].empty()) return KeyStatus::kInvalid;  // Both forms at once.
    if (i + 1 == words.size()) return KeyStatus::kInvalid;
    for (size_t key = i + 1; key < words.size(); ++key) Append(key, kTakeAway, out);
    return KeyStatus::kOk;
  }
  Append(kKeyWord, kTakeAway, out);
  return KeyStatus::kOk;
}

KeyStatus SetKeys(Words words, KeyRefs* out) {
  constexpr Option kOptions[] = {{"ex", 1}, {"px", 1}, {"exat", 1}, {"pxat", 1}};
  if (words.size() < 2) return KeyStatus::kInvalid;
  KeyFlag flags = kStore;
  for (size_t i = 3; i < words.size(); i += 1 + ValuesOf(words[i], kOptions)) {
    if (EqualsIgnoreCase(words[i], "get") || EqualsIgnoreCase(words[i], "ifeq")) {
      flags = kReadAndUpdate;
      break;
    }
  }
  Append(1, flags, out);
  return KeyStatus::kOk;
}

KeyStatus BitFieldKeys(Words words, KeyRefs* out) {
  constexpr Option kReads[] = {{"get", 2}, {"overflow", 1}};
  if (words.size() < 2) return KeyStatus::kInvalid;
  KeyFlag flags = kRead;
  for (size_t i = 2; i < words.size();) {
    const size_t values = ValuesOf(words[i], kReads);
    if (values == 0 || i + values >= words.size()) {
      flags = kReadAndUpdate;  // It writes, or it is wrong.
      break;
    }
    i += 1 + values;
  }
  Append(1, flags, out);
  return KeyStatus::kOk;
}

KeyStatus GeoRadiusKeys(Words words, KeyRefs* out) {
  constexpr Option kOptions[] = {{"count", 1}};
  return KeyAndDestination(6, kOptions, /*has_storedist=*/true, words, out);
}

KeyStatus GeoRadiusByMemberKeys(Words words, KeyRefs* out) {
  constexpr Option kOptions[] = {{"count", 1}};
  return KeyAndDestination(5, kOptions, /*has_storedist=*/true, words, out);
}

KeyStatus XReadKeys(Words words, KeyRefs* out) { return StreamKeys(1, words, out); }

KeyStatus XReadGroupKeys(Words words, KeyRefs* out) { return StreamKeys(1, words, out); }

KeyStatus CountedKeys(int store_word, int count_word, KeyFlag flags, Words words, KeyRefs* out) {
  const size_t count_at = static_cast<size_t>(count_word);
  if (words.size() <= count_at) return KeyStatus::kInvalid;
  const std::optional<int64_t> keys = ParseKeyCount(words[count_at]);
  if (!keys.has_value() || static_cast<uint64_t>(*keys) > words.size() - count_at - 1) {
    return KeyStatus::kInvalid;
  }
  if (store_word != 0) Append(static_cast<size_t>(store_word), kStore, out);
  for (int64_t i = 0; i < *keys; ++i) Append(count_at + 1 + i, flags, out);
  return KeyStatus::kOk;
}

}  // namespace slotmesh::slots
