// Requests as they go to a server, into a file or a stream: arrays of bulk strings.
#ifndef SLOTMESH_NODE_RESP_REQUEST_TEXT_H_
#define SLOTMESH_NODE_RESP_REQUEST_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "node/resp/args.h"

namespace slotmesh::node {

// What stands before a request's words.
void AppendWordCount(std::string& out, uint64_t count);
void AppendWord(std::string& out, std::string_view word);
// A whole request.
void AppendRequest(std::string& out, Args words);
// Its length.
uint64_t RequestLength(Args words);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_RESP_REQUEST_TEXT_H_
