#include "admin/cli/table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "slots/check.h"

namespace slotmesh::admin {
namespace {

size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

Table::Table(std::vector<std::string> titles) : titles_(std::move(titles)) {
  for (std::string& title : titles_) {
    right_.push_back(title.starts_with('>'));
    if (right_.back()) title.erase(0, 1);
  }
}

void Table::Add(std::vector<std::string> row) {
  CHECK_EQ(row.size(), titles_.size());
  rows_.push_back(std::move(row));
}

std::string Table::Render() const {
  std::vector<size_t> widths;
  for (const std::string& title : titles_) widths.push_back(Width(title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - Width(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right_[i] ? blanks + row[i] : row[i] + blanks);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add(titles_);
  for (const auto& row : rows_) add(row);
  return text;
}

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1000) return absl::StrFormat("%d B", bytes);
  double value = static_cast<double>(bytes);
  for (const char* unit : {"kB", "MB", "GB", "TB", "PB"}) {
    value /= 1000;
    if (value < 999.95) return absl::StrFormat(value < 9.995 ? "%.2f %s" : "%.1f %s", value, unit);
  }
  return absl::StrFormat("%.0f EB", value / 1000);
}

std::string HumanCount(double count) {
  if (count < 999.5) return absl::StrFormat("%.0f", count);
  if (count < 999'950) return absl::StrFormat("%.1fk", count / 1000);
  return absl::StrFormat("%.1fM", count / 1e6);
}

std::string HumanTime(absl::Duration time) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(time));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace slotmesh::admin
