#include "node/resp/parser.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace slotmesh::node {
namespace {

using Words = std::vector<std::string>;

struct Outcome {
  std::vector<Words> requests;
  std::string error;
  bool limit = false;
  uint64_t wire_bytes = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Executes all that is complete; false after an error.
bool Drain(RequestParser* parser, Outcome* outcome) {
  RequestBatch batch;
  while (true) {
    const ParseStatus status = parser->Parse(&batch);
    for (size_t i = 0; i < batch.size(); ++i) {
      outcome->requests.emplace_back(batch.args(i).begin(), batch.args(i).end());
      outcome->wire_bytes += batch.wire_bytes(i);
    }
    outcome->error = parser->error_text();
    outcome->limit = status == ParseStatus::kBufferLimit;
    if (status == ParseStatus::kNeedMore) return true;
    if (status != ParseStatus::kBatchFull) return false;
  }
}

// Feeds the pieces that `cut` gives, each as one read.
Outcome Read(std::string_view bytes, const std::function<size_t(size_t)>& cut,
             const ParserLimits& limits = {}) {
  RequestParser parser(limits);
  Outcome outcome;
  while (!bytes.empty()) {
    const size_t n = std::min(bytes.size(), cut(bytes.size()));
    parser.Feed(bytes.substr(0, n));
    bytes.remove_prefix(n);
    if (!Drain(&parser, &outcome)) break;
  }
  return outcome;
}

Outcome Whole(std::string_view bytes, const ParserLimits& limits = {}) {
  return Read(
      bytes, [](size_t left) { return left; }, limits);
}

std::string Multibulk(const Words& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

// Every way to cut the bytes in two, and byte by byte, gives what the whole gives.
void ExpectSameForAnyCut(const std::string& bytes, const ParserLimits& limits = {}) {
  const Outcome whole = Whole(bytes, limits);
  EXPECT_EQ(Read(
                bytes, [](size_t) { return 1; }, limits),
            whole)
      << bytes;
  for (size_t at = 1; at < bytes.size(); ++at) {
    bool first = true;
    const auto cut = [&](size_t left) { return std::exchange(first, false) ? at : left; };
    ASSERT_EQ(Read(bytes, cut, limits), whole) << "cut at " << at << " of " << bytes;
  }
}

TEST(RequestParserTest, PipelinedRequestsComeAsOneBatch) {
  RequestParser parser;
  parser.Feed(Multibulk({"SET", "key", "value"}) + Multibulk({"GET", ""}) + "ping\r\n");
  RequestBatch batch;
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kNeedMore);
  ASSERT_EQ(batch.size(), 3u);
  EXPECT_EQ(Words(batch.args(0).begin(), batch.args(0).end()), (Words{"SET", "key", "value"}));
  EXPECT_EQ(Words(batch.args(1).begin(), batch.args(1).end()), (Words{"GET", ""}));
  EXPECT_EQ(batch.args(2)[0], "ping");
  EXPECT_FALSE(batch.is_inline(1));
  EXPECT_TRUE(batch.is_inline(2));
  EXPECT_EQ(batch.wire_bytes(2), 6u);
  EXPECT_EQ(batch.all_args().size(), 6u);
  EXPECT_EQ(parser.pending_bytes(), 0u);
}

TEST(RequestParserTest, AnyCutGivesTheSameRequests) {
  ExpectSameForAnyCut(Multibulk({"SET", "key", std::string("\r\n\0*", 4)}) + "*0\r\n*-1\r\n" +
                      Multibulk({"GET", ""}) + "\r\nSET k \"a b\\x41\\n\" 'it\\'s'\r\n  \r\n" +
                      Multibulk({"PING"}) + "PING\r\n\n");
  ExpectSameForAnyCut("*2\r\n$3\r\nGET\r\n$11\r\nhello world\r\nget\tx\n");
}

TEST(RequestParserTest, AnyCutGivesTheSameErrorAfterGoodRequests) {
  const std::string good = Multibulk({"GET", "a"});
  for (const char* bad : {"*x\r\n", "*1\r\nfoo\r\n", "*1\r\n$-5\r\n", "\"a\"b c\r\n", "* 1\r\n",
                          "*01\r\n", "*1\r\n$+1\r\n", "*9999999999\r\n", "*1\r\n\r\n"}) {
    ExpectSameForAnyCut(good + bad + good);
    const Outcome outcome = Whole(good + bad + good);
    EXPECT_EQ(outcome.requests.size(), 1u) << bad;
    EXPECT_NE(outcome.error, "") << bad;
  }
}

TEST(RequestParserTest, ErrorTextsAreRedis) {
  const std::string x64k(70000, 'x');
  EXPECT_EQ(Whole("*abc\r\n").error, "Protocol error: invalid multibulk length");
  EXPECT_EQ(Whole("*2000000\r\n").error, "Protocol error: invalid multibulk length");
  EXPECT_EQ(Whole("*3000000000\r\n").error, "Protocol error: invalid multibulk length");
  EXPECT_EQ(Whole("*1\r\nfooz\r\n").error, "Protocol error: expected '$', got 'f'");
  EXPECT_EQ(Whole("*1\r\n$blah\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(Whole("*1\r\n$-10\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(Whole("*1\r\n$2000000000\r\n").error, "Protocol error: invalid bulk length");
  EXPECT_EQ(Whole(x64k).error, "Protocol error: too big inline request");
  EXPECT_EQ(Whole(x64k + "\r\n").error, "Protocol error: too big inline request");
  EXPECT_EQ(Whole("set \"a\r\n").error, "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(Whole("*" + x64k).error, "Protocol error: too big mbulk count string");
  EXPECT_EQ(Whole("*1\r\n$" + x64k).error, "Protocol error: too big bulk count string");
}

TEST(RequestParserTest, ErrorStaysAndLaterBytesAreIgnored) {
  RequestParser parser;
  RequestBatch batch;
  parser.Feed("*x\r\n");
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kProtocolError);
  parser.Feed("PING\r\n");
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kProtocolError);
  EXPECT_TRUE(batch.empty());
}

TEST(RequestParserTest, LineWithNulNeverEndsButInTheLimit) {
  std::string bytes(1, '\0');
  for (int i = 0; i < 70; ++i) bytes += std::string(1024, 'A') + "\n";
  const Outcome outcome = Read(bytes, [](size_t) { return 1025; });
  EXPECT_TRUE(outcome.requests.empty());
  EXPECT_EQ(outcome.error, "Protocol error: too big inline request");
}

TEST(RequestParserTest, UnauthenticatedClientsMaySendLittle) {
  ParserLimits limits;
  limits.authenticated = false;
  EXPECT_EQ(Whole("*11\r\n", limits).error, "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(Whole("*1\r\n$16385\r\n", limits).error, "Protocol error: unauthenticated bulk length");
  const std::string most = Multibulk(Words(10, "x")) + Multibulk({std::string(16384, 'v')});
  EXPECT_EQ(Whole(most, limits).requests.size(), 2u);
  EXPECT_EQ(Whole("*11\r\n$1\r\nx\r\n").error, "");
}

TEST(RequestParserTest, AuthInAPipelineLiftsTheLimitsForWhatFollows) {
  RequestParser parser;
  parser.limits().authenticated = false;
  parser.Feed(Multibulk({"AUTH", "p"}) + Multibulk(Words(20, "x")));
  RequestBatch batch;
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kBatchFull);
  ASSERT_EQ(batch.size(), 1u);
  parser.limits().authenticated = true;
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kNeedMore);
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.args(0).size(), 20u);
}

TEST(RequestParserTest, BatchIsBounded) {
  RequestParser parser;
  std::string bytes;
  for (int i = 0; i < 7; ++i) bytes += Multibulk({"PING"});
  parser.Feed(bytes);
  RequestBatch batch;
  EXPECT_EQ(parser.Parse(&batch, 5), ParseStatus::kBatchFull);
  EXPECT_EQ(batch.size(), 5u);
  EXPECT_EQ(parser.Parse(&batch, 5), ParseStatus::kNeedMore);
  EXPECT_EQ(batch.size(), 2u);
}

TEST(RequestParserTest, BigArgumentIsReadInPlaceAndCanBeTakenOver) {
  const std::string value(1000 * 1000, 'v');
  const std::string bytes = Multibulk({"SET", "k", value}) + Multibulk({"GET", "k"});
  RequestParser parser;
  parser.Feed(bytes.substr(0, 100));
  RequestBatch batch;
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kNeedMore);
  EXPECT_TRUE(batch.empty());
  // The space for the rest is the argument's own: exactly what is missing of it.
  const size_t header = bytes.find('v');
  EXPECT_EQ(parser.PrepareRead().size(), value.size() + 2 - (100 - header));
  parser.Feed(bytes.substr(100));
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kNeedMore);
  ASSERT_EQ(batch.size(), 2u);
  const std::string_view arg = batch.args(0)[2];
  EXPECT_EQ(arg, value);
  EXPECT_EQ(batch.args(1)[1], "k");
  EXPECT_FALSE(batch.TakeOver(batch.args(0)[1]).has_value());
  const std::optional<OwnedBytes> taken = batch.TakeOver(arg);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->data(), arg.data());
  EXPECT_FALSE(batch.TakeOver(arg).has_value());
  batch.Clear();
  EXPECT_EQ(taken->view(), value);
}

TEST(RequestParserTest, SeveralBigArgumentsInAnyPieces) {
  const Words words = {"MSET", "a", std::string(40000, 'a'), "b", std::string(33000, 'b')};
  const std::string bytes = Multibulk(words) + Multibulk({"PING"}) + Multibulk(words);
  const Outcome expected{{words, {"PING"}, words}, "", false, bytes.size()};
  std::mt19937 random(1);
  for (const size_t most : {100u, 5000u, 16384u, 50000u, 200000u}) {
    EXPECT_EQ(Read(bytes, [&](size_t) { return 1 + random() % most; }), expected) << most;
  }
}

TEST(RequestParserTest, BufferLimitClosesWithoutAText) {
  ParserLimits limits;
  limits.query_buffer = 50000;
  const std::string announced = "*2\r\n$3\r\nSET\r\n$1000000\r\n";
  const Outcome outcome = Read(
      announced + std::string(60000, 'x'), [](size_t) { return 1000; }, limits);
  EXPECT_TRUE(outcome.limit);
  EXPECT_EQ(outcome.error, "");
  std::string many = "*100000\r\n";
  for (int i = 0; i < 10000; ++i) many += "$3\r\nabc\r\n";
  EXPECT_TRUE(Read(
                  many, [](size_t) { return 1000; }, limits)
                  .limit);
}

TEST(RequestParserTest, BufferLimitHoldsAlsoForARequestThatIsThereWhole) {
  ParserLimits limits;
  limits.query_buffer = 50000;
  const auto piece = [](size_t) { return size_t{16384}; };
  EXPECT_TRUE(Read(Multibulk({"SET", "k", std::string(50000, 'x')}), piece, limits).limit);
  EXPECT_FALSE(Read(Multibulk({"SET", "k", std::string(49000, 'x')}), piece, limits).limit);
}

TEST(RequestParserTest, AnnouncedSizesReserveLittle) {
  RequestParser parser;
  RequestBatch batch;
  parser.limits().bulk_length = int64_t{1} << 40;
  parser.Feed("*1048576\r\n$1000000000000\r\nx");
  EXPECT_EQ(parser.Parse(&batch), ParseStatus::kNeedMore);
  EXPECT_LE(parser.memory_bytes(), kEagerAllocationMax + 4 * kReadChunk);
  EXPECT_FALSE(parser.PrepareRead().empty());
}

TEST(RequestParserTest, IdleParserHoldsNoMemory) {
  RequestParser parser;
  RequestBatch batch;
  parser.Feed("PING\r\nPI");
  parser.Parse(&batch);
  parser.ReleaseIdle();
  EXPECT_GT(parser.memory_bytes(), 0u);  // Half a request is there.
  parser.Feed("NG\r\n");
  parser.Parse(&batch);
  ASSERT_EQ(batch.size(), 1u);
  parser.ReleaseIdle();
  EXPECT_EQ(parser.memory_bytes(), 0u);
  parser.Feed("PING\r\n");
  parser.Parse(&batch);
  EXPECT_EQ(batch.size(), 1u);
}

TEST(RequestParserTest, EmptyLinesAreCountedAndBelongToTheNextRequest) {
  RequestParser parser;
  RequestBatch batch;
  parser.Feed("\r\n\n*0\r\n  \r\nPING\r\n");
  parser.Parse(&batch);
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.wire_bytes(0), 17u);
  EXPECT_EQ(parser.consumed_bytes(), 17u);
  EXPECT_EQ(parser.empty_lines(), 2u);
}

TEST(RequestParserTest, RandomRequestsInRandomPieces) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Outcome expected;
    std::string bytes;
    for (unsigned i = random() % 20; i-- > 0;) {
      Words words(1 + random() % 5);
      for (std::string& word : words) {
        word.resize(random() % (random() % 30 == 0 ? 40000 : 20));
        for (char& c : word) c = static_cast<char>(random());
      }
      bytes += Multibulk(words);
      expected.requests.push_back(words);
    }
    expected.wire_bytes = bytes.size();
    const unsigned most = 1 + random() % 5000;
    ASSERT_EQ(Read(bytes, [&](size_t) { return 1 + random() % most; }), expected) << round;
  }
}

TEST(RequestParserTest, ParsersShareABufferAsLongAsTheyReadWholeRequests) {
  QueryBuffer spare;
  RequestParser one;
  RequestParser other;
  RequestBatch batch;
  for (RequestParser* parser : {&one, &other}) {
    ASSERT_TRUE(parser->Borrow(spare));
    parser->Feed(Multibulk({"PING"}));
    parser->Parse(&batch);
    EXPECT_EQ(batch.size(), 1u);
    EXPECT_TRUE(parser->GiveBack(spare));
    EXPECT_EQ(parser->memory_bytes(), 0u);
    EXPECT_TRUE(spare.owns_memory());
  }
  // What is left over of a read stays where it is, and the buffer with it.
  ASSERT_TRUE(one.Borrow(spare));
  one.Feed("*1\r\n$4\r\nPI");
  one.Parse(&batch);
  EXPECT_FALSE(one.GiveBack(spare));
  EXPECT_FALSE(spare.owns_memory());
  EXPECT_FALSE(one.Borrow(spare));
  one.Feed("NG\r\n");
  one.Parse(&batch);
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.args(0)[0], "PING");
  one.ReleaseIdle();
  EXPECT_EQ(one.memory_bytes(), 0u);
}

TEST(RequestParserTest, AnIdleParserKeepsOfABigArgumentWhatHasArrived) {
  RequestParser parser;
  RequestBatch batch;
  const std::string value(1'000'000, 'v');
  parser.Feed("*2\r\n$4\r\nECHO\r\n$1000000\r\n" + value.substr(0, 100'000));
  parser.Parse(&batch);
  EXPECT_GT(parser.memory_bytes(), 1'000'000u);
  parser.ReleaseIdle();
  EXPECT_LT(parser.memory_bytes(), 300'000u);
  parser.Feed(value.substr(100'000) + "\r\n");
  parser.Parse(&batch);
  ASSERT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.args(0)[1], value);
}

}  // namespace
}  // namespace slotmesh::node
