// Splits a line into words as Redis does for inline commands, redis.conf and client tools.
//
// Words are separated by white space. "..." takes \n \r \t \b \a \\ \" and \xHH; '...' takes \'. A
// closing quote must be followed by white space or the end. The line ends at its first NUL. Pure;
// safe from any thread.
#ifndef SLOTMESH_NODE_RESP_SPLIT_ARGS_H_
#define SLOTMESH_NODE_RESP_SPLIT_ARGS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::node {

// Absent for unbalanced quotes. An empty line gives no words.
std::optional<std::vector<std::string>> SplitArgs(std::string_view line);

// The word in double quotes, with escapes, so that SplitArgs gives it back.
std::string QuoteArg(std::string_view word);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_SPLIT_ARGS_H_
