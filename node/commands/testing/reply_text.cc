#include "node/commands/testing/reply_text.h"

#include <cstdint>
#include <optional>

#include "node/resp/numbers.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using Lines = std::vector<std::string>;

class Reader {
 public:
  explicit Reader(std::string_view resp) : rest_(resp) {}

  bool done() const { return rest_.empty(); }

  std::optional<Lines> Value() {
    if (rest_.empty()) return std::nullopt;
    const char kind = rest_[0];
    const size_t end = rest_.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 2);
    switch (kind) {
      case '+':
        return Lines{std::string(text)};
      case '-':
        return Lines{StrCat("(error) ", text)};
      case ':':
        return Lines{StrCat("(integer) ", text)};
      case ',':
        return Lines{StrCat("(double) ", text)};
      case '(':
        return Lines{StrCat("(big number) ", text)};
      case '#':
        return Lines{text == "t" ? "(true)" : "(false)"};
      case '_':
        return Lines{"(null)"};
      case '$':
        return Bulk(text, "");
      case '=':
        return Bulk(text, "(verbatim) ");
      case '*':
        return Aggregate(text, "array", ") ", 1);
      case '~':
        return Aggregate(text, "set", "~ ", 1);
      case '>':
        return Aggregate(text, "push", "> ", 1);
      case '%':
        return Aggregate(text, "map", "# ", 2);
      case '|':
        return Aggregate(text, "attribute", "| ", 2);
    }
    return std::nullopt;
  }

 private:
  std::optional<Lines> Bulk(std::string_view length_text, std::string_view prefix) {
    const std::optional<int64_t> length = ParseInt64(length_text);
    if (length == -1) return Lines{"(nil)"};
    if (!length || *length < 0 || rest_.size() < static_cast<size_t>(*length) + 2) {
      return std::nullopt;
    }
    const std::string_view bytes = rest_.substr(0, *length);
    rest_.remove_prefix(*length + 2);
    return Lines{StrCat(prefix, QuoteArg(bytes))};
  }

  std::optional<Lines> Aggregate(std::string_view count_text, std::string_view what,
                                 std::string_view mark, int values_per_item) {
    const std::optional<int64_t> count = ParseInt64(count_text);
    if (!count) return std::nullopt;
    if (*count < 0) return Lines{StrCat("(nil ", what, ")")};
    if (*count == 0) return Lines{StrCat("(empty ", what, ")")};
    const size_t width = absl::StrCat(*count).size();
    Lines lines;
    for (int64_t i = 1; i <= *count; ++i) {
      std::string number = absl::StrCat(i);
      std::string lead = StrCat(std::string(width - number.size(), ' '), number, mark);
      std::optional<Lines> item = Value();
      if (!item) return std::nullopt;
      if (values_per_item == 2) {
        lead = StrCat(lead, (*item)[0], " => ");
        // A key that is an aggregate would need more; none of our maps has one.
        item = Value();
        if (!item) return std::nullopt;
      }
      // A nested aggregate under a map's key stands on its own lines, indented.
      if (values_per_item == 2 && item->size() > 1) {
        lines.push_back(lead.substr(0, lead.size() - 1));
        for (const std::string& line : *item) lines.push_back(StrCat("   ", line));
        continue;
      }
      for (size_t j = 0; j < item->size(); ++j) {
        lines.push_back(StrCat(j == 0 ? lead : std::string(lead.size(), ' '), (*item)[j]));
      }
    }
    return lines;
  }

  std::string_view rest_;
};

}  // namespace

std::vector<std::string> ReplyText(std::string_view resp) {
  Reader reader(resp);
  Lines lines;
  while (!reader.done()) {
    const std::optional<Lines> value = reader.Value();
    if (!value) {
      lines.emplace_back("(broken)");
      break;
    }
    lines.insert(lines.end(), value->begin(), value->end());
  }
  return lines;
}

}  // namespace slotmesh::node
