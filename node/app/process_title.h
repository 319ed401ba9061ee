// What ps shows of this process instead of its arguments (set-proc-title, proc-title-template).
//
// The system shows the memory in which it handed over the arguments; a title is written there, and
// over the environment behind them, of which a copy is made for the process's own use. Not
// thread-safe: made, and set for the first time, before there are other threads.
#ifndef SLOTMESH_NODE_APP_PROCESS_TITLE_H_
#define SLOTMESH_NODE_APP_PROCESS_TITLE_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "node/config/config.h"

namespace slotmesh::node {

// The template with its variables filled in. `program` is what the process was called as, `file`
// the configuration file, if there is one.
std::string TitleOf(const Config& config, std::string_view program, std::string_view file);

class ProcessTitle {
 public:
  // As main() got them; `environment` is what environ points to, and is made to point to copies.
  // The arguments must not be used any more.
  ProcessTitle(int argc, char** argv, char** environment);

  // As much of it as there is room for.
  void Set(std::string_view title);

 private:
  absl::Span<char> room_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_PROCESS_TITLE_H_
