#include "admin/cli/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "admin/cli/table.h"

namespace slotmesh::admin {
namespace {

constexpr int kBarMax = 30;
constexpr int kBarMin = 5;

}  // namespace

std::string ProgressLine::Bar(const wire::Progress& progress, absl::Time now) const {
  const double share =
      static_cast<double>(progress.slots_done()) / std::max(1u, progress.slots_total());
  const absl::Duration spent = now - std::max(start_, move_start_);
  const double rate =
      spent > absl::ZeroDuration() ? progress.slots_done() / absl::ToDoubleSeconds(spent) : 0;
  std::string tail = absl::StrFormat("%3.0f%%  %d/%d slots", 100 * share, progress.slots_done(),
                                     progress.slots_total());
  if (rate > 0) {
    const double left = (progress.slots_total() - progress.slots_done()) / rate;
    absl::StrAppend(&tail, "  ", HumanCount(rate), " slots/s  ", HumanTime(absl::Seconds(left)),
                    " left");
  }
  absl::StrAppend(&tail, "  ", HumanCount(static_cast<double>(progress.keys())), " keys  ",
                  HumanBytes(progress.bytes()));
  const int bar = std::min(kBarMax, width_ - static_cast<int>(tail.size()) - 5);
  if (!terminal_ || bar < kBarMin) return tail;
  const int full = static_cast<int>(share * bar);
  return absl::StrCat("[", std::string(full, '='), full < bar ? ">" : "",
                      std::string(std::max(0, bar - full - 1), ' '), "] ", tail);
}

std::string ProgressLine::Update(const wire::Progress& progress, absl::Time now) {
  if (progress.phase() == "plan") return "";
  if (progress.phase() != "move") {
    if (progress.text().empty() || progress.text() == last_text_) return "";
    last_text_ = progress.text();
    return absl::StrCat(Close(), progress.text(), "\n");
  }
  if (move_start_ == absl::InfinitePast()) move_start_ = now;
  if (terminal_) {
    open_ = true;
    return absl::StrCat("\r\x1b[K", Bar(progress, now));
  }
  const int tenth =
      static_cast<int>(10 * progress.slots_done() / std::max(1u, progress.slots_total()));
  if (tenth == last_tenth_) return "";
  last_tenth_ = tenth;
  return absl::StrCat(Bar(progress, now), "\n");
}

std::string ProgressLine::Close() {
  if (!open_) return "";
  open_ = false;
  return "\n";
}

}  // namespace slotmesh::admin
