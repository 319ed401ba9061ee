// The function libraries that files hold: their texts, taken and given.
//
// Engine thread only. Implemented by node/app, over functions/.
#ifndef SLOTMESH_NODE_PERSIST_FUNCTION_TEXTS_H_
#define SLOTMESH_NODE_PERSIST_FUNCTION_TEXTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace slotmesh::node {

class FunctionTexts {
 public:
  virtual ~FunctionTexts() = default;
  virtual std::vector<std::string> Texts() const = 0;
  virtual void Clear() = 0;
  // Adds the libraries, with `replace` in place of those of the same names. An error names what is
  // wrong with the first that cannot be loaded; those before it are there then.
  virtual absl::Status Load(absl::Span<const std::string> texts, bool replace) = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_FUNCTION_TEXTS_H_
