// What nodes ask each other: encoding and decoding give the same, and nothing else is taken.
#include "node/cluster/control/questions.h"

#include <string>

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

template <typename Id>
Id IdOf(char c) {
  return Id::FromBytes(std::string(20, c));
}

Hello ExampleHello() {
  Hello hello;
  hello.node = IdOf<slots::NodeId>('n');
  hello.log = IdOf<slots::LogId>('l');
  hello.created = absl::FromUnixMicros(1234567890123456);
  hello.sequence = 99;
  hello.member = true;
  hello.takes_seal = true;
  hello.decides = true;
  hello.has_keys = true;
  hello.peers = {{IdOf<slots::NodeId>('p'), "10.0.0.2:17000"}};
  return hello;
}

JoinAnswer ExampleAnswer() {
  JoinAnswer answer;
  answer.refusal = ledger::Refusal::kConflict;
  answer.for_good = true;
  answer.message = "slot 5 is owned by somebody";
  answer.log = IdOf<slots::LogId>('l');
  answer.sequence = 7;
  answer.peers = {{IdOf<slots::NodeId>('p'), "10.0.0.2:17000"}};
  return answer;
}

// Decoding gives the question back; cut short, prolonged or of another version it is refused, and
// any changed byte gives a question or a refusal, never a crash.
template <typename Question, typename Decode>
void ExpectOneEncoding(const Question& question, Decode decode) {
  const std::string bytes = Encode(question);
  const auto decoded = decode(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, question);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(decode(bytes.substr(0, cut)).ok()) << cut;
  }
  EXPECT_FALSE(decode(bytes + "x").ok());
  std::string other = bytes;
  other[0] = 2;
  EXPECT_FALSE(decode(other).ok());
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto result = decode(changed);
      if (result.ok()) {
        EXPECT_EQ(Encode(*result), changed);
      }
    }
  }
}

TEST(QuestionsTest, EachHasOneEncoding) {
  ExpectOneEncoding(HelloRequest{IdOf<slots::NodeId>('n'), IdOf<slots::LogId>('l'), {}},
                    DecodeHelloRequest);
  ExpectOneEncoding(ExampleHello(), DecodeHello);
  ExpectOneEncoding(MeetRequest{"10.0.0.1:17000", IdOf<slots::NodeId>('n'), true},
                    DecodeMeetRequest);
  ExpectOneEncoding(JoinRequest{IdOf<slots::LogId>('l'), std::string("entry\0bytes", 11)},
                    DecodeJoinRequest);
  ExpectOneEncoding(ExampleAnswer(), DecodeJoinAnswer);
}

TEST(QuestionsTest, ARefusalThatIsNoneOfOursIsRefused) {
  std::string bytes = Encode(ExampleAnswer());
  bytes[1] = static_cast<char>(ledger::kRefusalMax + 1);
  EXPECT_FALSE(DecodeJoinAnswer(bytes).ok());
}

TEST(QuestionsTest, TheBytesOfOneAreNotTakenForAnother) {
  EXPECT_FALSE(DecodeJoinAnswer(Encode(ExampleHello())).ok());
  EXPECT_FALSE(DecodeMeetRequest(Encode(ExampleHello())).ok());
}

}  // namespace
}  // namespace slotmesh::node
