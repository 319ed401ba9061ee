// Function libraries as the data files hold them.
//
// Engine thread only; borrows the functions.
#ifndef SLOTMESH_NODE_APP_FILE_LIBRARIES_H_
#define SLOTMESH_NODE_APP_FILE_LIBRARIES_H_

#include <string>
#include <vector>

#include "functions/functions.h"
#include "node/persist/function_texts.h"

namespace slotmesh::node {

class FileLibraries : public FunctionTexts {
 public:
  explicit FileLibraries(functions::Functions& functions) : functions_(functions) {}

  std::vector<std::string> Texts() const override;
  void Clear() override { functions_.FlushLibraries(); }
  absl::Status Load(absl::Span<const std::string> texts) override;

 private:
  functions::Functions& functions_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_FILE_LIBRARIES_H_
