#include "node/app/file_libraries.h"

namespace slotmesh::node {

std::vector<std::string> FileLibraries::Texts() const {
  std::vector<std::string> texts;
  for (const auto& [name, library] : functions_.libraries().libraries()) {
    texts.push_back(library->text);
  }
  return texts;
}

absl::Status FileLibraries::Load(absl::Span<const std::string> texts) {
  for (const std::string& text : texts) {
    const absl::Status status = functions_.Load(text, /*replace=*/true).status();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace slotmesh::node
