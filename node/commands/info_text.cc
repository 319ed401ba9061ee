#include "node/commands/info_text.h"

#include "absl/strings/str_format.h"

namespace slotmesh::node {

std::string HumanBytes(uint64_t bytes) {
  constexpr uint64_t kStep = 1024;
  constexpr char kUnits[] = {'K', 'M', 'G', 'T', 'P'};
  if (bytes < kStep) return absl::StrCat(bytes, "B");
  double value = static_cast<double>(bytes) / kStep;
  size_t unit = 0;
  while (value >= kStep && unit + 1 < sizeof(kUnits)) {
    value /= kStep;
    ++unit;
  }
  return absl::StrFormat("%.2f%c", value, kUnits[unit]);
}

std::string FixedPoint(double value, int digits) { return absl::StrFormat("%.*f", digits, value); }

std::string SecondsOfMicros(int64_t micros) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  return absl::StrFormat("%d.%06d", micros / kMicrosPerSecond, micros % kMicrosPerSecond);
}

}  // namespace slotmesh::node
