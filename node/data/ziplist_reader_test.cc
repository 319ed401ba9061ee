#include "node/data/ziplist_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slotmesh::node {
namespace {

using namespace std::string_literals;

// "a", 0, 12, -3, 300, 70000, 8388608, 2^40 and a string of 100 bytes.
std::string Ziplist() {
  std::string body = "\0\1a"s + "\3\xf1"s + "\2\xfd"s + "\2\xfe\xfd"s + "\3\xc0\x2c\1"s +
                     "\4\xf0\x70\x11\1"s + "\5\xd0\0\0\x80\0"s + "\6\xe0\0\0\0\0\0\1\0\0"s;
  const size_t last = 10 + body.size();
  body += "\x0a\x40\x64"s + std::string(100, 'x');
  std::string bytes(10, '\0');
  bytes[0] = static_cast<char>(10 + body.size() + 1);
  bytes[4] = static_cast<char>(last);
  bytes[8] = 9;
  return bytes + body + "\xff";
}

bool Read(std::string_view bytes, std::vector<std::string>* texts) {
  return ReadZiplist(bytes, [&](const ListpackValue& value) {
    texts->push_back(value.ToString());
    return true;
  });
}

TEST(ZiplistReaderTest, EveryEncodingIsRead) {
  std::vector<std::string> texts;
  EXPECT_TRUE(Read(Ziplist(), &texts));
  EXPECT_EQ(texts, (std::vector<std::string>{"a", "0", "12", "-3", "300", "70000", "8388608",
                                             "1099511627776", std::string(100, 'x')}));
}

TEST(ZiplistReaderTest, EmptyOneHasNoElements) {
  std::vector<std::string> texts;
  EXPECT_TRUE(Read("\x0b\0\0\0\x0a\0\0\0\0\0\xff"s, &texts));
  EXPECT_TRUE(texts.empty());
}

TEST(ZiplistReaderTest, DamageIsNoticed) {
  const std::string good = Ziplist();
  std::vector<std::string> texts;
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(Read(good.substr(0, length), &texts)) << length;
  }
  for (const size_t place : {0, 4, 8, 10, 11, 13, 15, 18}) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ 0x60);
    EXPECT_FALSE(Read(bad, &texts)) << place;
  }
}

}  // namespace
}  // namespace slotmesh::node
