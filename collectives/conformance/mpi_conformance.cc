// The suite over the ranks that mpirun started, which run the same tests at the same time:
//
//   mpirun -np 3 mpi_conformance path/to/libmlc_mpi.so shared|messages|shared_abort|messages_abort
//
// The last two end the job's world, and exit with kEnded, since MPI cannot be finalized then.
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
  bool sharedMemory = true;
};

World& world() {
  static World instance;
  return instance;
}

Transport mpi() {
  return {world().sharedMemory ? "Shared" : "Messages",
          [](const auto& body) { body(*world().communicator); },
          /*noticesLeaving=*/world().sharedMemory, /*standing=*/true};
}

INSTANTIATE_TEST_SUITE_P(Mpi, Conformance, testing::Values(mpi()), nameOf);
INSTANTIATE_TEST_SUITE_P(Mpi, Abort, testing::Values(mpi()), nameOf);

constexpr int kEnded = 42;

}  // namespace
}  // namespace mlc::collectives

int main(int argc, char** argv) {
  using namespace mlc::collectives;
  if (argc < 3) {
    std::fprintf(stderr, "usage: mpi_conformance LIBRARY shared|messages[_abort]\n");
    return 2;
  }
  const std::string_view way = argv[2];
  const bool aborts = way.ends_with("_abort");
  world().sharedMemory = way.starts_with("shared");
  auto made = createMpiCommunicator(
      {.library = argv[1], .sharedMemory = world().sharedMemory, .onFailure = {}});
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
