// The words of commands as modules see them: strings that are used again for the next command,
// unless a module has kept them.
//
// Engine thread, or whoever holds the module lock. Frames nest as calls do. Cost of a command: a
// copy of its words.
#ifndef SLOTMESH_MODULES_ARG_FRAMES_H_
#define SLOTMESH_MODULES_ARG_FRAMES_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "modules/string.h"
#include "node/resp/args.h"

namespace slotmesh::modules {

class ArgFrames {
 public:
  // Words of more bytes are given back at the end of the frame.
  static constexpr size_t kKeptBytesMax = 4096;
  static constexpr size_t kKeptWordsMax = 256;

  ArgFrames() = default;
  ~ArgFrames();
  ArgFrames(const ArgFrames&) = delete;
  ArgFrames& operator=(const ArgFrames&) = delete;

  // Copies of `words`, valid until the Pop that belongs to it; longer for those that are retained.
  RedisModuleString** Push(node::Args words);
  void Pop();

 private:
  struct Frame {
    std::vector<RedisModuleString*> strings;
    size_t used = 0;
  };

  std::vector<std::unique_ptr<Frame>> frames_;
  size_t depth_ = 0;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_ARG_FRAMES_H_
