#include "slots/ledger/wire.h"

#include "absl/strings/str_cat.h"

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

namespace slotmesh::ledger {

uint64_t Checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

void Writer::PutFixed32(uint32_t value) {
  for (int i = 0; i < 4; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
}

void Writer::PutFixed64(uint64_t value) {
  for (int i = 0; i < 8; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
}

void Writer::PutVarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
  out_.push_back(static_cast<char>(value));
}

void Writer::PutBlob(std::string_view bytes) {
  PutVarint(bytes.size());
  out_.append(bytes);
}

void Writer::PutChecksum(size_t from) {
  PutFixed32(static_cast<uint32_t>(Checksum(std::string_view(out_).substr(from))));
}

void Writer::Put(const slots::SlotSet& value) {
  const std::vector<slots::SlotRange> ranges = value.Ranges();
  PutVarint(ranges.size());
  int next = 0;
  for (const slots::SlotRange& range : ranges) {
    PutVarint(range.first - next);
    PutVarint(range.size() - 1);
    next = range.last + 1;
  }
}

void Reader::Fail(std::string_view why) {
  if (why_.empty()) why_ = std::string(why);
  in_ = {};
}

absl::Status Reader::Finish(std::string_view what) {
  if (ok() && !in_.empty()) Fail(absl::StrCat(in_.size(), " bytes follow the end"));
  if (ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(std::string(what), ": ", why_));
}

std::string_view Reader::GetRaw(size_t count) {
  if (in_.size() < count) {
    Fail("it ends too early");
    return {};
  }
  const std::string_view bytes = in_.substr(0, count);
  in_.remove_prefix(count);
  return bytes;
}

uint32_t Reader::GetFixed32() {
  uint32_t value = 0;
  int shift = 0;
  for (const char c : GetRaw(4)) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(c)) << shift;
    shift += 8;
  }
  return value;
}

uint64_t Reader::GetFixed64() {
  const uint64_t low = GetFixed32();
  return low | static_cast<uint64_t>(GetFixed32()) << 32;
}

uint64_t Reader::GetVarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const std::string_view byte = GetRaw(1);
    if (byte.empty()) return 0;
    const auto bits = static_cast<unsigned char>(byte[0]);
    if ((shift == 63 && bits > 1) || (shift > 0 && bits == 0))
      break;  // Too large; not the shortest.
    value |= static_cast<uint64_t>(bits & 0x7f) << shift;
    if ((bits & 0x80) == 0) return value;
  }
  Fail("a number is malformed");
  return 0;
}

std::string_view Reader::GetBlob(size_t max) {
  const uint64_t size = GetVarint();
  if (size > max) {
    Fail(absl::StrCat("a text of ", size, " bytes is too long"));
    return {};
  }
  return GetRaw(size);
}

void Reader::Get(bool& value) {
  const std::string_view byte = GetRaw(1);
  value = !byte.empty() && byte[0] == 1;
  if (!byte.empty() && !value && byte[0] != 0) Fail("a truth value is neither 0 nor 1");
}

void Reader::Get(slots::SlotSet& value) {
  value.Clear();
  const uint64_t count = GetVarint();
  uint64_t next = 0;
  for (uint64_t i = 0; i < count && ok(); ++i) {
    const uint64_t gap = GetVarint();
    const uint64_t more = GetVarint();
    if (!ok()) return;
    if (gap >= slots::kSlotCount || more >= slots::kSlotCount ||
        next + gap + more >= slots::kSlotCount || (i > 0 && gap == 0)) {
      return Fail("a range of slots is malformed");
    }
    value.AddRange(static_cast<slots::Slot>(next + gap),
                   static_cast<slots::Slot>(next + gap + more));
    next += gap + more + 1;
  }
}

}  // namespace slotmesh::ledger
