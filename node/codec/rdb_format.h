// Numbers of the RDB format: what DUMP payloads and RDB files are made of. Versions 1 to 11 are
// read, 10 is written.
#ifndef SLOTMESH_NODE_CODEC_RDB_FORMAT_H_
#define SLOTMESH_NODE_CODEC_RDB_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace slotmesh::node {

inline constexpr uint16_t kRdbVersionWritten = 10;
inline constexpr uint16_t kRdbVersionReadMin = 1;
inline constexpr uint16_t kRdbVersionReadMax = 11;

// How a value follows. On the wire and on disk: never renumber.
enum class RdbType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kZset = 3,  // Scores as text.
  kHash = 4,
  kZset2 = 5,  // Scores as binary doubles.
  kModulePreGa = 6,
  kModule2 = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kZsetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,
  kStreamListpacks = 15,
  kHashListpack = 16,
  kZsetListpack = 17,
  kListQuicklist2 = 18,
  kStreamListpacks2 = 19,
  kSetListpack = 20,  // From version 11 on.
  kStreamListpacks3 = 21,
  kHash2 = 22,  // Each field with its expiry, as Valkey 9 writes it.
};

// Instead of the expiry of a field that has none, in kHash2.
inline constexpr int64_t kRdbNoExpiry = -1;

// What else may stand in a file where a type could stand.
enum class RdbOpcode : uint8_t {
  kFunction2 = 245,
  kFunctionPreGa = 246,
  kModuleAux = 247,
  kIdle = 248,
  kFreq = 249,
  kAux = 250,
  kResizeDb = 251,
  kExpireMillis = 252,
  kExpireSeconds = 253,
  kSelectDb = 254,
  kEof = 255,
};

// Forms of a string, in the low six bits of a length byte that starts with two set bits.
enum class RdbStringForm : uint8_t { kInt8 = 0, kInt16 = 1, kInt32 = 2, kLzf = 3 };

// Longest length encoding: a marker and 8 bytes.
inline constexpr size_t kRdbLengthMax = 9;

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_RDB_FORMAT_H_
