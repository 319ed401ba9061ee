// A module built from the headers, loaded into this process, which plays the server: it offers four
// functions and counts.

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "modules/sdk/abi.h"

namespace slotmesh::modules {
namespace {

constexpr char kModule[] = "modules/sdk/two_sources.so";

// What the C functions below write to: their signatures leave no room for a pointer to it.
struct Server {
  int allocations = 0;
  int frees = 0;
  bool name_is_busy = false;
  std::string module_name;
};

Server& TheServer() {
  static Server* const server = new Server;
  return *server;
}

void* Alloc(size_t size) {
  ++TheServer().allocations;
  return std::malloc(size);
}
void Free(void* memory) {
  ++TheServer().frees;
  std::free(memory);
}
int IsModuleNameBusy(const char*) { return TheServer().name_is_busy; }
void SetModuleAttribs(RedisModuleCtx*, const char* name, int, int) {
  TheServer().module_name = name;
}

int GetApi(const char* name, void* target) {
  const std::map<std::string, void*> functions = {
      {"RedisModule_Alloc", reinterpret_cast<void*>(&Alloc)},
      {"RedisModule_Free", reinterpret_cast<void*>(&Free)},
      {"RedisModule_IsModuleNameBusy", reinterpret_cast<void*>(&IsModuleNameBusy)},
      {"RedisModule_SetModuleAttribs", reinterpret_cast<void*>(&SetModuleAttribs)},
  };
  const auto found = functions.find(name);
  if (found == functions.end()) return 1;
  *static_cast<void**>(target) = found->second;
  return 0;
}

using OnLoad = int (*)(RedisModuleCtx*, RedisModuleString**, int);

class ModuleTest : public testing::Test {
 protected:
  void SetUp() override {
    TheServer() = Server();
    library_ = dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << dlerror();
  }
  void TearDown() override {
    if (library_ != nullptr) dlclose(library_);
  }

  int Load() {
    void* context[] = {reinterpret_cast<void*>(&GetApi)};
    const auto on_load = reinterpret_cast<OnLoad>(dlsym(library_, "RedisModule_OnLoad"));
    return on_load(reinterpret_cast<RedisModuleCtx*>(context), nullptr, 0);
  }

  void* library_ = nullptr;
};

TEST_F(ModuleTest, BothSourcesUseWhatOneInitFilled) {
  EXPECT_EQ(Load(), REDISMODULE_OK);
  EXPECT_EQ(TheServer().module_name, "two");
}

TEST_F(ModuleTest, NewAndDeleteGoThroughTheServerAndBalance) {
  ASSERT_EQ(Load(), REDISMODULE_OK);
  EXPECT_GE(TheServer().allocations, 10);
  // What static constructors had made went back to malloc.
  EXPECT_EQ(TheServer().frees, TheServer().allocations);
}

TEST_F(ModuleTest, InitRefusesABusyName) {
  TheServer().name_is_busy = true;
  EXPECT_EQ(Load(), REDISMODULE_ERR);
  EXPECT_EQ(TheServer().module_name, "");
}

TEST_F(ModuleTest, NothingButTheEntryPointsIsVisible) {
  EXPECT_NE(dlsym(library_, "RedisModule_OnLoad"), nullptr);
  EXPECT_EQ(dlsym(library_, "AllocateInC"), nullptr);
  EXPECT_EQ(dlsym(library_, "RedisModule_Alloc"), nullptr);
}

}  // namespace
}  // namespace slotmesh::modules
