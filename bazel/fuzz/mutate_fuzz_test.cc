// Feeds the mutator with arbitrary bytes: its output stays bounded and depends on nothing else.
#include <cstdlib>

#include "bazel/fuzz/mutate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> corpus = {std::string(reinterpret_cast<const char*>(data), size)};
  slotmesh::fuzz::Random first(size);
  slotmesh::fuzz::Random second(size);
  const std::string input = slotmesh::fuzz::Mutate(corpus, first);
  if (input.size() > slotmesh::fuzz::kMutatedSizeMax) std::abort();
  if (input != slotmesh::fuzz::Mutate(corpus, second)) std::abort();
  return 0;
}
