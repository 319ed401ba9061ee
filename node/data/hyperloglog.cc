#include "node/data/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr char kMagic[] = {'H', 'Y', 'L', 'L'};
constexpr size_t kFormAt = 4;
constexpr size_t kCountAt = 8;
constexpr size_t kCountTopAt = 15;
constexpr uint8_t kOutOfDate = 0x80;
constexpr char kDense = 0;
constexpr char kSparse = 1;
constexpr int kIndexBits = 14;
constexpr int kHashBits = 64 - kIndexBits;
constexpr int kRegisterBits = 6;
// What runs can say.
constexpr int kZerosMax = 64;
constexpr int kManyZerosMax = 16384;
constexpr int kValueMax = 32;
constexpr int kValuesMax = 4;
// After a change so many runs, from the one before it on, are looked at for joining.
constexpr int kJoinMax = 5;

uint64_t Load64(const char* bytes) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// MurmurHash64A by Austin Appleby (public domain), for little-endian reading.
uint64_t MurmurHash64A(std::string_view bytes, uint64_t seed) {
  constexpr uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr int kShift = 47;
  uint64_t hash = seed ^ (bytes.size() * kMultiplier);
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = Load64(bytes.data() + at) * kMultiplier;
    word ^= word >> kShift;
    hash = (hash ^ (word * kMultiplier)) * kMultiplier;
  }
  if (at < bytes.size()) {
    uint64_t rest = 0;
    std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
    hash = (hash ^ rest) * kMultiplier;
  }
  hash ^= hash >> kShift;
  hash *= kMultiplier;
  return hash ^ (hash >> kShift);
}

// --- Dense registers: a stream of 6-bit numbers, low bits first. ---

uint8_t GetDense(const uint8_t* registers, int index) {
  const int bit = index * kRegisterBits;
  const int shift = bit & 7;
  unsigned word = registers[bit >> 3];
  if (shift > 8 - kRegisterBits) word |= static_cast<unsigned>(registers[(bit >> 3) + 1]) << 8;
  return word >> shift & 63;
}

void SetDense(uint8_t* registers, int index, uint8_t value) {
  const int bit = index * kRegisterBits;
  const int shift = bit & 7;
  uint8_t* const at = registers + (bit >> 3);
  at[0] = static_cast<uint8_t>((at[0] & ~(63u << shift)) | (static_cast<unsigned>(value) << shift));
  if (shift <= 8 - kRegisterBits) return;
  const int done = 8 - shift;
  at[1] = static_cast<uint8_t>((at[1] & ~(63u >> done)) | (static_cast<unsigned>(value) >> done));
}

uint8_t* Registers(char* bytes) { return reinterpret_cast<uint8_t*>(bytes) + kHllHeaderSize; }
const uint8_t* Registers(std::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data()) + kHllHeaderSize;
}

// --- Sparse runs. ---

struct Run {
  int length = 0;   // Registers.
  int value = 0;    // Of each of them.
  size_t size = 1;  // Bytes.
};

// The run at `at`. False at the end or if it is cut off.
bool ReadRun(std::string_view bytes, size_t at, Run* run) {
  if (at >= bytes.size()) return false;
  const auto byte = static_cast<uint8_t>(bytes[at]);
  *run = {};
  if ((byte & 0x80) != 0) {
    run->value = (byte >> 2 & 31) + 1;
    run->length = (byte & 3) + 1;
  } else if ((byte & 0x40) != 0) {
    if (at + 1 >= bytes.size()) return false;
    run->size = 2;
    run->length = ((byte & 63) << 8 | static_cast<uint8_t>(bytes[at + 1])) + 1;
  } else {
    run->length = (byte & 63) + 1;
  }
  return true;
}

void AppendZeros(int length, std::string* out) {
  const int stored = length - 1;
  if (length > kZerosMax) {
    out->push_back(static_cast<char>(0x40 | stored >> 8));
    out->push_back(static_cast<char>(stored & 255));
  } else {
    out->push_back(static_cast<char>(stored));
  }
}

char ValueRun(int value, int length) {
  return static_cast<char>(0x80 | (value - 1) << 2 | (length - 1));
}

void AppendRun(int value, int length, std::string* out) {
  if (length == 0) return;
  if (value == 0) return AppendZeros(length, out);
  out->push_back(ValueRun(value, length));
}

// Calls visit(first register, run) for each run. False unless they are exactly all registers.
bool ForEachRun(std::string_view bytes, absl::FunctionRef<void(int first, const Run& run)> visit) {
  int first = 0;
  Run run;
  for (size_t at = kHllHeaderSize; at < bytes.size(); at += run.size) {
    if (!ReadRun(bytes, at, &run) || first + run.length > kHllRegisters) return false;
    visit(first, run);
    first += run.length;
  }
  return first == kHllRegisters;
}

// Neighbours of the same value become one where that fits.
void JoinRuns(std::string* bytes, size_t at) {
  Run run;
  for (int left = kJoinMax; left > 0 && ReadRun(*bytes, at, &run); --left) {
    Run next;
    if (run.value != 0 && ReadRun(*bytes, at + 1, &next) && next.value == run.value &&
        run.length + next.length <= kValuesMax) {
      bytes->erase(at, 1);
      (*bytes)[at] = ValueRun(run.value, run.length + next.length);
      continue;  // Perhaps the one behind fits, too.
    }
    at += run.size;
  }
}

HllChange Promote(std::string* bytes, HllRegister to) {
  if (!MakeHllDense(bytes)) return HllChange::kCorrupt;
  return RaiseDenseHll(bytes->data(), to) ? HllChange::kRaised : HllChange::kNone;
}

HllChange RaiseSparse(std::string* bytes, HllRegister to, size_t sparse_max) {
  if (to.value > kValueMax) return Promote(bytes, to);
  // The run that has the register.
  size_t at = kHllHeaderSize;
  size_t previous = at;
  int first = 0;
  Run run;
  while (true) {
    if (!ReadRun(*bytes, at, &run)) return HllChange::kCorrupt;
    if (to.index < first + run.length) break;
    previous = at;
    at += run.size;
    first += run.length;
  }
  if (run.value >= to.value) return HllChange::kNone;
  std::string runs;
  AppendRun(run.value, to.index - first, &runs);
  AppendRun(to.value, 1, &runs);
  AppendRun(run.value, first + run.length - 1 - to.index, &runs);
  if (runs.size() > run.size && bytes->size() + runs.size() - run.size > sparse_max) {
    return Promote(bytes, to);
  }
  bytes->replace(at, run.size, runs);
  JoinRuns(bytes, previous);
  DropHllCount(bytes->data());
  return HllChange::kRaised;
}

// --- The estimate. ---

double Sigma(double x) {
  if (x == 1) return INFINITY;
  double y = 1;
  double z = x;
  double before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before != z);
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  double before;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= std::pow(1 - x, 2) * y;
  } while (before != z);
  return z / 3;
}

}  // namespace

HllRegister HllRegisterOf(std::string_view element) {
  constexpr uint64_t kSeed = 0xadc83b19;
  const uint64_t hash = MurmurHash64A(element, kSeed);
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kHashBits;
  return {static_cast<int>(hash & (kHllRegisters - 1)),
          static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

bool IsHll(std::string_view bytes) {
  if (bytes.size() < kHllHeaderSize || std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) != 0) {
    return false;
  }
  const char form = bytes[kFormAt];
  return form == kSparse || (form == kDense && bytes.size() == kHllDenseSize);
}

bool IsHllDense(std::string_view bytes) { return bytes[kFormAt] == kDense; }

std::string EmptyHll() {
  std::string bytes(kMagic, sizeof(kMagic));
  bytes.push_back(kSparse);
  bytes.resize(kHllHeaderSize);
  static_assert(kManyZerosMax == kHllRegisters);
  AppendZeros(kHllRegisters, &bytes);
  return bytes;
}

HllChange RaiseHll(std::string* bytes, HllRegister to, size_t sparse_max) {
  if (!IsHllDense(*bytes)) return RaiseSparse(bytes, to, sparse_max);
  return RaiseDenseHll(bytes->data(), to) ? HllChange::kRaised : HllChange::kNone;
}

bool RaiseDenseHll(char* bytes, HllRegister to) {
  uint8_t* const registers = Registers(bytes);
  if (GetDense(registers, to.index) >= to.value) return false;
  SetDense(registers, to.index, to.value);
  DropHllCount(bytes);
  return true;
}

uint8_t DenseHllRegister(std::string_view bytes, int index) {
  return GetDense(Registers(bytes), index);
}

bool MakeHllDense(std::string* bytes) {
  if (IsHllDense(*bytes)) return true;
  std::string dense = bytes->substr(0, kHllHeaderSize);
  dense[kFormAt] = kDense;
  dense.resize(kHllDenseSize);
  uint8_t* const registers = Registers(dense.data());
  const bool whole = ForEachRun(*bytes, [&](int first, const Run& run) {
    if (run.value == 0) return;
    for (int i = 0; i < run.length; ++i) {
      SetDense(registers, first + i, static_cast<uint8_t>(run.value));
    }
  });
  if (whole) *bytes = std::move(dense);
  return whole;
}

void DropHllCount(char* bytes) {
  bytes[kCountTopAt] = static_cast<char>(static_cast<uint8_t>(bytes[kCountTopAt]) | kOutOfDate);
}

void CacheHllCount(char* bytes, uint64_t count) {
  std::memcpy(bytes + kCountAt, &count, sizeof(count));
}

std::optional<uint64_t> CachedHllCount(std::string_view bytes) {
  if ((static_cast<uint8_t>(bytes[kCountTopAt]) & kOutOfDate) != 0) return std::nullopt;
  return Load64(bytes.data() + kCountAt);
}

bool MergeHll(std::string_view bytes, HllRegisters* registers) {
  if (IsHllDense(bytes)) {
    const uint8_t* const from = Registers(bytes);
    for (int i = 0; i < kHllRegisters; ++i) {
      (*registers)[i] = std::max((*registers)[i], GetDense(from, i));
    }
    return true;
  }
  return ForEachRun(bytes, [&](int first, const Run& run) {
    if (run.value == 0) return;
    for (int i = first; i < first + run.length; ++i) {
      (*registers)[i] = std::max((*registers)[i], static_cast<uint8_t>(run.value));
    }
  });
}

uint64_t CountHll(const HllRegisters& registers) {
  constexpr double kAlpha = 0.721347520444481703680;
  constexpr double kCount = kHllRegisters;
  std::array<int, 64> with_value = {};
  for (const uint8_t value : registers) ++with_value[value & 63];
  double z = kCount * Tau((kCount - with_value[kHashBits + 1]) / kCount);
  for (int value = kHashBits; value >= 1; --value) {
    z += with_value[value];
    z *= 0.5;
  }
  z += kCount * Sigma(with_value[0] / kCount);
  return static_cast<uint64_t>(std::llroundl(kAlpha * kCount * kCount / z));
}

std::optional<std::string> DescribeSparseHll(std::string_view bytes) {
  std::string text;
  const bool whole = ForEachRun(bytes, [&](int, const Run& run) {
    if (!text.empty()) text += ' ';
    if (run.value != 0) {
      absl::StrAppend(&text, "v:", run.value, ",", run.length);
    } else {
      absl::StrAppend(&text, run.size == 2 ? "Z:" : "z:", run.length);
    }
  });
  if (!whole) return std::nullopt;
  return text;
}

}  // namespace slotmesh::node
