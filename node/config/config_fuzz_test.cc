// Any text as a configuration file: settings or an error. What loads survives a rewrite: the new
// file loads, gives the same settings, and is not rewritten again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "node/config/config_store.h"
#include "slots/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using slotmesh::node::ConfigStore;
  // `dir` keeps later rewrites from appending it; files of this machine stay out of it.
  const std::string text =
      "dir /\n" + std::string(reinterpret_cast<const char*>(data), size) + "\n";
  if (text.find("nclude") != std::string::npos || text.find("NCLUDE") != std::string::npos)
    return 0;
  ConfigStore store;
  const bool loaded = store.LoadText(text, "fuzz").ok();
  store.Set({"maxmemory", "1mb", "save", "7 7", "timeout", "77"}).IgnoreError();
  if (!loaded) return 0;
  const std::string rewritten = store.RewriteText(text);
  ConfigStore again;
  CHECK(again.LoadText(rewritten, "rewritten").ok());
  CHECK(again.Get({"*"}) == store.Get({"*"}));
  CHECK(again.RewriteText(rewritten) == rewritten);
  return 0;
}
