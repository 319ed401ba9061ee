// A request's words, copied: for what outlives the connection's buffer (queued in MULTI, parked,
// blocked).
//
// One allocation for the bytes, one for the views. Movable; the views stay valid when it moves.
#ifndef SLOTMESH_NODE_COMMAND_OWNED_ARGS_H_
#define SLOTMESH_NODE_COMMAND_OWNED_ARGS_H_

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "node/command/command_spec.h"

namespace slotmesh::node {

class OwnedArgs {
 public:
  OwnedArgs() = default;
  explicit OwnedArgs(Args args) {
    for (std::string_view word : args) size_bytes_ += word.size();
    bytes_ = std::make_unique<char[]>(size_bytes_);
    words_.reserve(args.size());
    char* at = bytes_.get();
    for (std::string_view word : args) {
      if (!word.empty()) std::memcpy(at, word.data(), word.size());
      words_.emplace_back(at, word.size());
      at += word.size();
    }
  }

  Args view() const { return words_; }
  bool empty() const { return words_.empty(); }
  // What it costs, for limits: bytes of the words and of the views.
  size_t memory_bytes() const { return size_bytes_ + words_.capacity() * sizeof(words_[0]); }

 private:
  size_t size_bytes_ = 0;
  std::unique_ptr<char[]> bytes_;
  std::vector<std::string_view> words_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_OWNED_ARGS_H_
