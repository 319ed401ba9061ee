// The ledger's byte encoding: how numbers, ids, texts, slots and lists are written, once for
// writing and once for reading. A type says what it consists of in one function,
//
//   template <typename Archive> void Fields(Archive& a, Thing& thing) { a(thing.id, thing.epoch); }
//
// and is written by a Writer and read by a Reader. Numbers are LEB128 in the fewest bytes, times 8
// bytes of microseconds since 1970 (little-endian), ids 20 bytes, truth one byte 0 or 1, texts and
// lists a length and then the content, slots their maximal ranges as (gap, size - 1). There is one
// encoding of a value and a Reader takes no other.
//
// Both are thread-compatible. A Reader borrows its input; reading past what is allowed leaves it
// failed for good (later reads give zeros), so that a caller asks once, at the end. Memory that
// reading takes is bounded by the input's size times a constant.
#ifndef SLOTMESH_SLOTS_LEDGER_WIRE_H_
#define SLOTMESH_SLOTS_LEDGER_WIRE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "slots/ids.h"
#include "slots/slot_set.h"

namespace slotmesh::ledger {

inline constexpr size_t kWireStringMax = 1024;
inline constexpr size_t kWireListMax = 65536;

// 64 bits over `bytes`; not for secrets.
uint64_t Checksum(std::string_view bytes);

class Writer {
 public:
  static constexpr bool kReading = false;

  template <typename... Parts>
  void operator()(const Parts&... parts) {
    (Put(parts), ...);
  }
  void PutFixed32(uint32_t value);
  void PutFixed64(uint64_t value);
  void PutVarint(uint64_t value);
  // A length and then the bytes, as long as they are: what holds an encoding of its own.
  void PutBlob(std::string_view bytes);
  // The low half of the checksum of all that was written since `from`.
  void PutChecksum(size_t from = 0);

  const std::string& bytes() const { return out_; }
  std::string Take() { return std::move(out_); }

 private:
  void Put(bool value) { out_.push_back(value ? 1 : 0); }
  void Put(uint8_t value) { PutVarint(value); }
  void Put(uint16_t value) { PutVarint(value); }
  void Put(uint32_t value) { PutVarint(value); }
  void Put(uint64_t value) { PutVarint(value); }
  void Put(absl::Time value) { PutFixed64(static_cast<uint64_t>(absl::ToUnixMicros(value))); }
  void Put(const std::string& value) { PutBlob(value); }
  void Put(const slots::SlotSet& value);
  template <typename Tag>
  void Put(const slots::Id160<Tag>& value) {
    out_.append(value.bytes());
  }
  template <typename T>
  void Put(const std::vector<T>& list) {
    PutVarint(list.size());
    for (const T& item : list) Put(item);
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value.has_value()) Put(*value);
  }
  template <typename T>
  std::enable_if_t<std::is_class_v<T>> Put(const T& value) {
    Fields(*this, const_cast<T&>(value));  // Fields only reads for a Writer.
  }

  std::string out_;
};

class Reader {
 public:
  static constexpr bool kReading = true;

  explicit Reader(std::string_view in) : in_(in) {}

  template <typename... Parts>
  void operator()(Parts&... parts) {
    (Get(parts), ...);
  }
  uint32_t GetFixed32();
  uint64_t GetFixed64();
  uint64_t GetVarint();
  // A view into the input.
  std::string_view GetBlob(size_t max);
  // `count` bytes of the input.
  std::string_view GetRaw(size_t count);

  // What `why` names is wrong. The first failure stays.
  void Fail(std::string_view why);
  bool ok() const { return why_.empty(); }
  size_t left() const { return in_.size(); }
  // OK if all was read, all of it was right and nothing is left. Else invalid argument, beginning
  // with `what`.
  absl::Status Finish(std::string_view what);

 private:
  void Get(bool& value);
  template <typename Number>
  void GetNumber(Number& value) {
    const uint64_t wide = GetVarint();
    value = static_cast<Number>(wide);
    if (value != wide) Fail("a number is out of range");
  }
  void Get(uint8_t& value) { GetNumber(value); }
  void Get(uint16_t& value) { GetNumber(value); }
  void Get(uint32_t& value) { GetNumber(value); }
  void Get(uint64_t& value) { value = GetVarint(); }
  void Get(absl::Time& value) { value = absl::FromUnixMicros(static_cast<int64_t>(GetFixed64())); }
  void Get(std::string& value) { value = std::string(GetBlob(kWireStringMax)); }
  void Get(slots::SlotSet& value);
  template <typename Tag>
  void Get(slots::Id160<Tag>& value) {
    const std::string_view bytes = GetRaw(20);
    if (bytes.size() == 20) value = slots::Id160<Tag>::FromBytes(bytes);
  }
  template <typename T>
  void Get(std::vector<T>& list) {
    const uint64_t count = GetVarint();
    // An item takes at least a byte, so a small input cannot ask for a large list.
    if (count > kWireListMax || count > left()) return Fail("a list is too long");
    list.clear();
    for (uint64_t i = 0; i < count && ok(); ++i) Get(list.emplace_back());
  }
  template <typename T>
  void Get(std::optional<T>& value) {
    bool there = false;
    Get(there);
    value.reset();
    if (there) Get(value.emplace());
  }
  template <typename T>
  std::enable_if_t<std::is_class_v<T>> Get(T& value) {
    Fields(*this, value);
  }

  std::string_view in_;
  std::string why_;
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_WIRE_H_
