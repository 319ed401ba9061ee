// INFO's text: sections of "name:value" lines, and the ways in which it writes numbers.
//
//   InfoText text;
//   text.Section("Clients");
//   text.Add("connected_clients", 3);
//
// Not thread-safe; owns the text.
#ifndef SLOTMESH_NODE_COMMANDS_INFO_TEXT_H_
#define SLOTMESH_NODE_COMMANDS_INFO_TEXT_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "slots/strings.h"

namespace slotmesh::node {

// "0B", "894.78K", "1.00G": the largest unit of 1024 that leaves at least 1.
std::string HumanBytes(uint64_t bytes);
// With `digits` digits behind the point.
std::string FixedPoint(double value, int digits);
// "1.234567" of 1234567.
std::string SecondsOfMicros(int64_t micros);

class InfoText {
 public:
  // Begins a section; an empty line stands between two.
  void Section(std::string_view title) {
    if (!text_.empty()) text_ += "\r\n";
    text_ += StrCat("# ", title, "\r\n");
  }

  template <std::integral Number>
  void Add(std::string_view name, Number value) {
    Line(name, absl::StrCat(value));
  }
  void Add(std::string_view name, bool value) { Line(name, value ? "1" : "0"); }
  void Add(std::string_view name, std::string_view value) { Line(name, value); }
  void Add(std::string_view name, const char* value) { Line(name, value); }
  // `digits` behind the point.
  void Add(std::string_view name, double value, int digits) {
    Line(name, FixedPoint(value, digits));
  }
  // Bytes, and the same again for people as <name>_human.
  void AddBytes(std::string_view name, uint64_t bytes) {
    Add(name, bytes);
    Line(StrCat(name, "_human"), HumanBytes(bytes));
  }

  // Sections that are written already.
  void AddSections(std::string_view sections) {
    if (sections.empty()) return;
    if (!text_.empty()) text_ += "\r\n";
    text_ += sections;
  }

  const std::string& text() const { return text_; }

 private:
  void Line(std::string_view name, std::string_view value) {
    text_ += StrCat(name, ":", value, "\r\n");
  }

  std::string text_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_INFO_TEXT_H_
