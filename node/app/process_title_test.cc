#include "node/app/process_title.h"

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

TEST(ProcessTitleTest, TheTemplatesVariablesAreFilledIn) {
  Config config;
  config.bind = {"127.0.0.1", "::1"};
  config.port = 7001;
  EXPECT_EQ(TitleOf(config, "bin/node", ""), "bin/node 127.0.0.1:7001");
  config.cluster_enabled = true;
  EXPECT_EQ(TitleOf(config, "bin/node", ""), "bin/node 127.0.0.1:7001 [cluster]");
  config.bind.clear();
  config.unixsocket = "/run/{port}";
  config.proc_title_template = "{port}/{tls-port} {listen-addr} {unixsocket} {config-file} ";
  EXPECT_EQ(TitleOf(config, "node", "/etc/a.conf"), "7001/0 *:7001 /run/{port} /etc/a.conf");
}

TEST(ProcessTitleTest, ATitleTakesTheRoomOfArgumentsAndEnvironmentAndNoMore) {
  std::string memory("node\0--port\0A=1\0B=2\0behind", 26);
  char* argv[] = {&memory[0], &memory[5], nullptr};
  char* environment[] = {&memory[12], &memory[16], nullptr};
  ProcessTitle title(2, argv, environment);
  EXPECT_STREQ(environment[0], "A=1");
  EXPECT_STREQ(environment[1], "B=2");
  title.Set("a title that is far too long");
  EXPECT_EQ(memory, std::string("a title that is far\0behind", 26));
  title.Set("short");
  EXPECT_EQ(memory.substr(0, 21), "short" + std::string(15, '\0') + "b");
  EXPECT_STREQ(environment[1], "B=2");
}

}  // namespace
}  // namespace slotmesh::node
