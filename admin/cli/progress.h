// Progress of long work, as one line that is rewritten on a terminal and as a few plain lines
// elsewhere.
//
// Thread-compatible. Gives text and writes nothing: the caller prints what Update() returns.
#ifndef SLOTMESH_ADMIN_CLI_PROGRESS_H_
#define SLOTMESH_ADMIN_CLI_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "admin/admin.pb.h"

namespace slotmesh::admin {

class ProgressLine {
 public:
  // `width` is the terminal's; not used where there is none.
  ProgressLine(bool terminal, int width, absl::Time start)
      : terminal_(terminal), width_(width), start_(start) {}

  // What to print for `progress`; may be empty.
  std::string Update(const wire::Progress& progress, absl::Time now);
  // What to print before anything else follows: ends an open line.
  std::string Close();

 private:
  std::string Bar(const wire::Progress& progress, absl::Time now) const;

  const bool terminal_;
  const int width_;
  const absl::Time start_;
  absl::Time move_start_ = absl::InfinitePast();
  bool open_ = false;
  std::string last_text_;
  int last_tenth_ = 0;
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_PROGRESS_H_
