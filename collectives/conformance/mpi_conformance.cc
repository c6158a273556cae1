// The suite over the ranks that mpirun started, which run the same tests at the same time:
//
//   mpirun -np 3 mpi_conformance path/to/libmlc_mpi.so shared|messages
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
          /*noticesLeaving=*/world().sharedMemory};
}

INSTANTIATE_TEST_SUITE_P(Mpi, Conformance, testing::Values(mpi()), nameOf);

}  // namespace
}  // namespace mlc::collectives

int main(int argc, char** argv) {
  using namespace mlc::collectives;
  if (argc < 3) {
    std::fprintf(stderr, "usage: mpi_conformance LIBRARY shared|messages\n");
    return 2;
  }
  world().sharedMemory = std::string_view(argv[2]) == "shared";
  auto made = createMpiCommunicator({argv[1], world().sharedMemory});
  if (!made.ok()) {
    std::fprintf(stderr, "%s\n", made.status().message().c_str());
    return 2;
  }
  world().communicator = *std::move(made);
  testing::InitGoogleTest(&argc, argv);
  const int failed = RUN_ALL_TESTS();
  // The other ranks may wait for this one.
  if (failed != 0) abortMpiJob(failed);
  world().communicator.reset();
  return 0;
}
