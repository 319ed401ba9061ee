// Nodes that replicate over a network in memory, which delivers bytes in pieces of any size and
// breaks connections when it is told to: for tests.
//
// One thread, but for those that write snapshots; Settle() waits for them.
#ifndef SLOTMESH_NODE_REPLICATION_TESTING_WORLD_H_
#define SLOTMESH_NODE_REPLICATION_TESTING_WORLD_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/testing/test_engine.h"
#include "node/replication/replication.h"
#include "node/resp/parser.h"

namespace slotmesh::node {

class World;

// What is to happen on the engine threads: posted by any thread, run by one.
class Tasks {
 public:
  void Post(std::function<void()> task);
  // Runs what is there. False if there was nothing.
  bool Run();
  // Waits a moment for another thread to post.
  void Wait();

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> tasks_;
};

class TestNode {
 public:
  TestNode(World& world, int number, std::string config);
  ~TestNode();

  TestEngine& engine() { return *engine_; }
  Replication& replication() { return *replication_; }
  int number() const { return number_; }
  // Runs a command as a client of its own; its reply.
  std::string Run(std::initializer_list<std::string_view> words);
  // All data of all databases, in an order that does not depend on how it is kept.
  std::string Digest();
  void Follow(const TestNode& primary);
  void Tick();
  // A copy that arrives is not loaded until this ends.
  void HoldLoads(bool held);

 private:
  class Data;
  class NoLog;
  class Person;

  const int number_;
  std::unique_ptr<TestEngine> engine_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<Data> data_;
  std::unique_ptr<NoLog> log_;
  std::unique_ptr<Replication> replication_;
  std::unique_ptr<Person> person_;
};

class World : private PeerNetwork {
 public:
  // `config`: lines for every node's configuration.
  World(int nodes, uint64_t seed, const std::string& config = "");
  ~World();

  TestNode& node(int number) { return *nodes_[number]; }
  PeerNetwork& network() { return *this; }
  Tasks& tasks() { return tasks_; }
  std::mt19937_64& random() { return random_; }

  // Some bytes on some connections arrive.
  void Step();
  // Until nothing is under way and every link is up.
  void Settle();
  // Breaks all connections, with what is on its way.
  void Cut();
  void AdvanceMillis(int64_t millis);
  size_t connections() const { return wires_.size(); }

 private:
  class Wire;
  class End;

  std::unique_ptr<PeerConnection> Connect(const std::string& host, uint16_t port,
                                          PeerConnection::Listener& listener) override;
  bool Deliver();

  std::mt19937_64 random_;
  Tasks tasks_;
  uint64_t last_client_ = 1000;
  std::vector<std::shared_ptr<Wire>> wires_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_TESTING_WORLD_H_
