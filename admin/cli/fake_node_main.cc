// Stands in for slotmesh-node in the test of `slotmesh dev`: understands --port, fails with --fail
// yes.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "admin/cli/fake_node.h"

int main(int argc, char** argv) {
  int port = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--port") port = std::atoi(argv[i + 1]);
    if (std::string(argv[i]) == "--fail") {
      std::fprintf(stderr, "this node was told to fail\n");
      return 1;
    }
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  using slotmesh::admin::TestMapData;
  slotmesh::admin::FakeNode node({.port = port, .bus_port = port + 10000}, TestMapData({""}));
  if (!node.status().ok()) {
    std::fprintf(stderr, "%s\n", node.status().ToString().c_str());
    return 1;
  }
  auto others = TestMapData({"", "", ""}).nodes;
  for (int i = 1; i < 3; ++i) {
    others[i].port = static_cast<uint16_t>(port + i);
    others[i].bus_port = static_cast<uint16_t>(port + i + 10000);
    node.control().reachable_.push_back(others[i]);
  }
  std::printf("ready on %d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  return 0;
}
