// Text for people: tables and numbers with units. Pure functions.
#ifndef SLOTMESH_ADMIN_CLI_TABLE_H_
#define SLOTMESH_ADMIN_CLI_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace slotmesh::admin {

// Columns as wide as their widest cell, two blanks apart; a title that starts with '>' makes its
// column right-aligned. Lines have no trailing blanks. Widths count UTF-8 characters.
class Table {
 public:
  explicit Table(std::vector<std::string> titles);
  void Add(std::vector<std::string> row);  // REQUIRES: as many cells as titles.
  std::string Render() const;

 private:
  std::vector<std::string> titles_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

std::string HumanBytes(uint64_t bytes);      // "512 B", "1.5 MB"
std::string HumanCount(double count);        // "812", "15.4k", "2.1M"
std::string HumanTime(absl::Duration time);  // "0:07", "12:34", "3:00:00"

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_TABLE_H_
