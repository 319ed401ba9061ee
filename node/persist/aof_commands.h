// The commands in the bytes of an append-only file, one after the other. The grammar is RESP's
// arrays of bulk strings, taken literally; lines that begin with '#' are notes (#TS:seconds).
//
// Thread-compatible. Views are into the bytes.
#ifndef SLOTMESH_NODE_PERSIST_AOF_COMMANDS_H_
#define SLOTMESH_NODE_PERSIST_AOF_COMMANDS_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace slotmesh::node {

class AofCommands {
 public:
  // Begins at `position`.
  AofCommands(std::string_view bytes, size_t position) : bytes_(bytes), position_(position) {}

  enum class Step {
    kCommand,
    kEnd,       // All is read.
    kCutShort,  // The last command is not there in full.
    kMalformed,
  };
  // Fills *words.
  Step Next(std::vector<std::string_view>* words);
  // Where the next command begins; after an error, the one that has it.
  size_t position() const { return position_; }

 private:
  // A line's number behind `mark`, and the line's end.
  Step Number(char mark, size_t* at, uint64_t* number) const;
  Step SkipNotes();

  const std::string_view bytes_;
  size_t position_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_COMMANDS_H_
