// LCS: the longest common subsequence of two strings, by the classic table of dynamic programming.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/lookup.h"
#include "node/commands/strings_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

struct LcsOptions {
  bool length = false;
  bool index = false;
  bool with_match_length = false;
  int64_t min_match_length = 0;
};

// False, with the error replied, if the words are wrong.
bool ParseLcsOptions(CommandContext& ctx, Args args, LcsOptions* options) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "IDX")) {
      options->index = true;
    } else if (EqualsIgnoreCase(args[i], "LEN")) {
      options->length = true;
    } else if (EqualsIgnoreCase(args[i], "WITHMATCHLEN")) {
      options->with_match_length = true;
    } else if (EqualsIgnoreCase(args[i], "MINMATCHLEN") && i + 1 < args.size()) {
      const std::optional<int64_t> length = IntegerOrReply(ctx, args[++i]);
      if (!length) return false;
      options->min_match_length = std::max<int64_t>(0, *length);
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  if (options->index && options->length) {
    ctx.reply().Error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
  }
  return true;
}

// Lengths of the longest common subsequences of all pairs of prefixes.
class LcsTable {
 public:
  // Bytes that the table of two strings takes. REQUIRES: both are shorter than 4 GiB.
  static uint64_t Bytes(std::string_view a, std::string_view b) {
    const uint64_t cells = static_cast<uint64_t>(a.size() + 1) * (b.size() + 1);
    return cells > UINT64_MAX / sizeof(uint32_t) ? UINT64_MAX : cells * sizeof(uint32_t);
  }

  LcsTable(std::string_view a, std::string_view b)
      : width_(b.size() + 1), cells_((a.size() + 1) * width_) {
    for (size_t i = 1; i <= a.size(); ++i) {
      for (size_t j = 1; j <= b.size(); ++j) {
        cells_[i * width_ + j] =
            a[i - 1] == b[j - 1] ? at(i - 1, j - 1) + 1 : std::max(at(i - 1, j), at(i, j - 1));
      }
    }
  }

  uint32_t at(size_t a_prefix, size_t b_prefix) const {
    return cells_[a_prefix * width_ + b_prefix];
  }

 private:
  size_t width_;
  std::vector<uint32_t> cells_;
};

// Equal runs, [begin, begin + length) in both strings.
struct Match {
  size_t a_begin;
  size_t b_begin;
  size_t length;
};

struct LcsResult {
  std::string text;
  std::vector<Match> matches;  // From the end of the strings to their beginning.
};

LcsResult WalkBack(const LcsTable& table, std::string_view a, std::string_view b) {
  LcsResult result;
  size_t i = a.size();
  size_t j = b.size();
  while (i > 0 && j > 0) {
    if (a[i - 1] == b[j - 1]) {
      --i;
      --j;
      result.text.push_back(a[i]);
      std::vector<Match>& matches = result.matches;
      if (!matches.empty() && matches.back().a_begin == i + 1 && matches.back().b_begin == j + 1) {
        matches.back() = {i, j, matches.back().length + 1};
      } else {
        matches.push_back({i, j, 1});
      }
    } else if (table.at(i - 1, j) > table.at(i, j - 1)) {
      --i;
    } else {
      --j;
    }
  }
  std::reverse(result.text.begin(), result.text.end());
  return result;
}

void ReplyMatches(Reply& reply, const LcsResult& result, const LcsOptions& options) {
  const auto is_shown = [&](const Match& match) {
    return static_cast<int64_t>(match.length) >= options.min_match_length;
  };
  reply.Map(2);
  reply.Bulk("matches");
  reply.Array(std::count_if(result.matches.begin(), result.matches.end(), is_shown));
  for (const Match& match : result.matches) {
    if (!is_shown(match)) continue;
    reply.Array(options.with_match_length ? 3 : 2);
    for (const size_t begin : {match.a_begin, match.b_begin}) {
      reply.Array(2);
      reply.Integer(static_cast<int64_t>(begin));
      reply.Integer(static_cast<int64_t>(begin + match.length - 1));
    }
    if (options.with_match_length) reply.Integer(static_cast<int64_t>(match.length));
  }
  reply.Bulk("len");
  reply.Integer(static_cast<int64_t>(result.text.size()));
}

}  // namespace

// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN]: absent keys are empty strings.
void Lcs(CommandContext& ctx, Args args) {
  IntText scratch[2];
  std::string_view text[2];
  // The second look-up may remove an expired key, so the first string is found again after it.
  const HashedKey keys[2] = {ctx.Hash(args[1]), ctx.Hash(args[2])};
  FindForReading(ctx, keys[0], ClientLookup(ctx));
  FindForReading(ctx, keys[1], ClientLookup(ctx));
  for (int i = 0; i < 2; ++i) {
    const Entry* entry = ctx.db().FindRead(keys[i], ctx.now_ms(), {.touch = false, .count = false});
    if (entry == nullptr) continue;
    if (!entry->is_string()) {
      return ctx.reply().Error("ERR The specified keys must contain string values");
    }
    text[i] = entry->string_bytes(scratch[i]);
  }
  LcsOptions options;
  if (!ParseLcsOptions(ctx, args, &options)) return;
  if (text[0].size() >= UINT32_MAX - 1 || text[1].size() >= UINT32_MAX - 1) {
    return ctx.reply().Error("ERR String too long for LCS");
  }
  const auto limit = static_cast<uint64_t>(ctx.engine().config.proto_max_bulk_len);
  if (LcsTable::Bytes(text[0], text[1]) > limit) {
    return ctx.reply().Error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  const LcsTable table(text[0], text[1]);
  if (options.length) return ctx.reply().Integer(table.at(text[0].size(), text[1].size()));
  const LcsResult result = WalkBack(table, text[0], text[1]);
  if (options.index) return ReplyMatches(ctx.reply(), result, options);
  ctx.reply().Bulk(result.text);
}

}  // namespace slotmesh::node
