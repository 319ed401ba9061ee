#include "functions/library_dump.h"

#include <cstdint>
#include <utility>

#include "node/codec/dump.h"
#include "node/codec/rdb_format.h"
#include "node/codec/rdb_reader.h"
#include "node/codec/rdb_writer.h"

namespace slotmesh::functions {

std::string DumpLibraries(const LibraryRegistry& registry) {
  std::string payload;
  node::RdbWriter writer(&payload);
  for (const auto& [name, library] : registry.libraries()) {
    writer.Opcode(node::RdbOpcode::kFunction2);
    writer.String(library->text);
  }
  node::SealDump(&payload);
  return payload;
}

absl::StatusOr<std::vector<std::string>> ReadLibraries(std::string_view payload) {
  uint16_t version = 0;
  const absl::StatusOr<std::string_view> content = node::OpenSealed(payload, &version);
  if (!content.ok()) return content.status();
  node::RdbReader reader(*content);
  std::vector<std::string> texts;
  while (!reader.at_end()) {
    uint8_t opcode = 0;
    if (!reader.Byte(&opcode) || opcode != static_cast<uint8_t>(node::RdbOpcode::kFunction2)) {
      return absl::InvalidArgumentError("given type is not a function");
    }
    std::string_view text;
    std::string scratch;
    if (!reader.String(&text, &scratch)) {
      return absl::InvalidArgumentError("Failed loading library data");
    }
    texts.emplace_back(text);
  }
  return texts;
}

}  // namespace slotmesh::functions
