// Function libraries as the node's files hold them: their texts.
//
// Engine thread only. Borrows the functions.
#ifndef SLOTMESH_NODE_APP_FILE_LIBRARIES_H_
#define SLOTMESH_NODE_APP_FILE_LIBRARIES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "functions/functions.h"
#include "node/persist/function_texts.h"

namespace slotmesh::node {

class FileLibraries : public FunctionTexts {
 public:
  explicit FileLibraries(functions::Functions& functions) : functions_(functions) {}

  std::vector<std::string> Texts() const override {
    std::vector<std::string> texts;
    for (const auto& [name, library] : functions_.libraries().libraries()) {
      texts.push_back(library->text);
    }
    return texts;
  }
  void Clear() override { functions_.FlushLibraries(); }
  absl::Status Load(absl::Span<const std::string> texts) override {
    for (const std::string& text : texts) {
      const absl::Status status = functions_.Load(text, /*replace=*/true).status();
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  functions::Functions& functions_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_FILE_LIBRARIES_H_
