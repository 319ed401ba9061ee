// Requests made up from the argument grammar of a command (COMMAND DOCS "arguments" as in
// reference/commands.json), together with the words that this grammar says are keys. For tests: an
// account of where keys are that does not go by key specs.
#ifndef SLOTMESH_SLOTS_SAMPLE_REQUEST_H_
#define SLOTMESH_SLOTS_SAMPLE_REQUEST_H_

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"

namespace slotmesh::slots {

struct SampleRequest {
  std::vector<std::string> words;
  // Each key's word and the spec that speaks of it.
  std::vector<std::pair<uint32_t, int>> keys;
};

// A request of command `name` ("XGROUP CREATE"): optional arguments are there or not, repeated ones
// one to three times, as `random` decides.
SampleRequest MakeSampleRequest(const std::string& name, const nlohmann::json& command,
                                std::mt19937* random);

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_SAMPLE_REQUEST_H_
