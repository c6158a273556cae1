// The suite over the ranks that mpirun started, which run the same tests at the same time:
//
//   mpirun -np 3 mpi_conformance path/to/libmlc_mpi.so WAY[_abort]
//
// WAY: shared; messages; hosts, of which each two ranks are said to be one; mixed_hosts, of which
// the even ranks are one and the odd ones another. With _abort the tests that end the job's world,
// and the exit code kEnded, since MPI cannot be finalized then.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "collectives/conformance/conformance.h"
#include "collectives/transport/mpi/load_mpi.h"

namespace mlc::collectives {
namespace {

// What main() made of the arguments, before GoogleTest asks for it.
struct World {
  std::unique_ptr<Communicator> communicator;
  std::string way;
};

World& world() {
  static World instance;
  return instance;
}

Transport mpi() {
  return {world().way, [](const auto& body) { body(*world().communicator); },
          /*noticesLeaving=*/world().way == "shared", /*standing=*/true};
}

INSTANTIATE_TEST_SUITE_P(Mpi, Conformance, testing::Values(mpi()), nameOf);
INSTANTIATE_TEST_SUITE_P(Mpi, Abort, testing::Values(mpi()), nameOf);

constexpr int kEnded = 42;

// By the rank that Open MPI has given this process.
std::string hostOf(const std::string& way) {
  const char* text = std::getenv("OMPI_COMM_WORLD_RANK");
  const int rank = text ? std::atoi(text) : 0;
  if (way == "hosts") return "host" + std::to_string(rank / 2);
  if (way == "mixed_hosts") return "host" + std::to_string(rank % 2);
  return {};
}

}  // namespace
}  // namespace mlc::collectives

int main(int argc, char** argv) {
  using namespace mlc::collectives;
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: mpi_conformance LIBRARY shared|messages|hosts|mixed_hosts[_abort]\n");
    return 2;
  }
  std::string& way = world().way;
  way = argv[2];
  const bool aborts = way.ends_with("_abort");
  if (aborts) way.resize(way.size() - std::string_view("_abort").size());
  MpiOptions options;
  options.library = argv[1];
  options.sharedMemory = way != "messages";
  options.host = hostOf(way);
  auto made = createMpiCommunicator(options);
  if (!made.ok()) {
    std::fprintf(stderr, "%s\n", made.status().message().c_str());
    return 2;
  }
  world().communicator = *std::move(made);
  testing::InitGoogleTest(&argc, argv);
  testing::GTEST_FLAG(filter) = aborts ? "*Abort*" : "-*Abort*";
  const int failed = RUN_ALL_TESTS();
  // The other ranks may wait for this one.
  if (failed != 0) abortMpiJob(failed);
  if (aborts) std::_Exit(kEnded);
  world().communicator.reset();
  return 0;
}
