#include "node/app/elf_symbols.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace slotmesh::node {

// Known to the linker by its bare name.
extern "C" __attribute__((noinline)) int FunctionToBeFound(int number) { return number * 3 + 1; }

namespace {

TEST(ElfSymbolsTest, NamesTheFunctionThatAnAddressIsIn) {
  const ElfSymbols symbols;
  const auto address = reinterpret_cast<uintptr_t>(&FunctionToBeFound);
  ASSERT_TRUE(symbols.Contains(address));
  const ElfSymbols::Place begin = symbols.Find(address);
  ASSERT_NE(begin.name, nullptr);
  EXPECT_EQ(begin.name, std::string("FunctionToBeFound"));
  EXPECT_EQ(begin.offset, 0u);
  const ElfSymbols::Place inside = symbols.Find(address + 1);
  ASSERT_NE(inside.name, nullptr);
  EXPECT_EQ(inside.name, std::string("FunctionToBeFound"));
  EXPECT_EQ(inside.offset, 1u);
}

TEST(ElfSymbolsTest, WhatIsNoFunctionOfTheProgramHasNoName) {
  const ElfSymbols symbols;
  EXPECT_EQ(symbols.Find(0).name, nullptr);
  EXPECT_EQ(symbols.Find(reinterpret_cast<uintptr_t>(&symbols)).name, nullptr);
}

TEST(ElfSymbolsTest, AFileThatIsDamagedOrMissingGivesNoNames) {
  const auto address = reinterpret_cast<uintptr_t>(&FunctionToBeFound);
  EXPECT_EQ(ElfSymbols("/no/such/file").Find(address).name, nullptr);
  std::ifstream self("/proc/self/exe", std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(self), std::istreambuf_iterator<char>()};
  const std::string path = testing::TempDir() + "/damaged";
  for (const size_t size : {size_t{3}, size_t{40}, size_t{64}, whole.size() / 2}) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);
    EXPECT_EQ(ElfSymbols(path.c_str()).Find(address).name, nullptr);
  }
  std::remove(path.c_str());
}

}  // namespace
}  // namespace slotmesh::node
