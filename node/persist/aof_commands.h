// The commands in the bytes of an append-only file, one after the other. The grammar is RESP's
// arrays of bulk strings, taken literally; lines between them that begin with '#' are notes, which
// Redis 7 skips: #TS:seconds, and of our own
//   #SUM:<length>:<CRC-64 in 16 hexadecimal digits>
// which sums up as many bytes before it, from the end of a command to the end of another.
//
// Thread-compatible. Views are into the bytes.
#ifndef SLOTMESH_NODE_PERSIST_AOF_COMMANDS_H_
#define SLOTMESH_NODE_PERSIST_AOF_COMMANDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::node {

// The note that sums up `length` bytes.
std::string AofSumNote(uint64_t length, uint64_t crc);

class AofCommands {
 public:
  // Begins at `position`.
  AofCommands(std::string_view bytes, size_t position) : bytes_(bytes), position_(position) {}

  enum class Step {
    kCommand,
    kEnd,       // All is read.
    kCutShort,  // The last command is not there in full.
    kMalformed,
    kDamaged,  // It is not what was summed up.
  };
  // Fills *words.
  Step Next(std::vector<std::string_view>* words);
  // A sum stands behind the position: what is there was written in full once.
  bool HasSumBehind() const;
  // Where the next command begins; after an error, the one that has it, and of damage, where what
  // was summed up begins.
  size_t position() const { return position_; }

 private:
  // A line's number behind `mark`, and the line's end.
  Step Number(char mark, size_t* at, uint64_t* number) const;
  Step SkipNotes();
  // False if the sum in the note, which begins at `at`, is not that of the bytes.
  bool CheckSum(std::string_view note, size_t at);

  const std::string_view bytes_;
  size_t position_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_COMMANDS_H_
