#include "modules/arg_frames.h"

#include "slots/check.h"

namespace slotmesh::modules {

ArgFrames::~ArgFrames() {
  for (const auto& frame : frames_) {
    for (RedisModuleString* string : frame->strings) string->Release();
  }
}

RedisModuleString** ArgFrames::Push(node::Args words) {
  if (depth_ == frames_.size()) frames_.push_back(std::make_unique<Frame>());
  Frame& frame = *frames_[depth_++];
  while (frame.strings.size() < words.size()) frame.strings.push_back(new RedisModuleString());
  for (size_t i = 0; i < words.size(); ++i) frame.strings[i]->bytes.assign(words[i]);
  frame.used = words.size();
  return frame.strings.data();
}

void ArgFrames::Pop() {
  CHECK(depth_ > 0);
  Frame& frame = *frames_[--depth_];
  for (size_t i = 0; i < frame.used; ++i) {
    RedisModuleString*& string = frame.strings[i];
    if (string->shared()) {
      string->Release();
      string = new RedisModuleString();
    } else if (string->bytes.capacity() > kKeptBytesMax) {
      std::string().swap(string->bytes);
    }
  }
  while (frame.strings.size() > kKeptWordsMax) {
    frame.strings.back()->Release();
    frame.strings.pop_back();
  }
}

}  // namespace slotmesh::modules
