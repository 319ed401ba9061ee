#include "node/command/monitors.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::node {

void Monitors::Add(Client& client) {
  client.monitor = true;
  clients_.push_back(&client);
}

void Monitors::Forget(Client& client) {
  if (!client.monitor) return;
  client.monitor = false;
  clients_.erase(std::find(clients_.begin(), clients_.end(), &client));
}

void Monitors::Show(int64_t wall_micros, const Source& source, Args words) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  std::string line = absl::StrFormat("+%d.%06d [%d ", wall_micros / kMicrosPerSecond,
                                     wall_micros % kMicrosPerSecond, source.database);
  line += source.address;
  line += ']';
  for (const std::string_view word : words) {
    line += ' ';
    line += QuoteArg(word);
  }
  line += "\r\n";
  for (Client* client : clients_) {
    if (Pushes::Wants(*client)) pushes_.Open(*client).Raw(line);
  }
}

}  // namespace slotmesh::node
