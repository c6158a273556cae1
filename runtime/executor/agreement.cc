#include "runtime/executor/agreement.h"

#include <string>

namespace mlc::executor {

Status agree(collectives::Communicator& world, const Status& mine) {
  if (world.size() == 1) return mine;
  int64_t failed = mine.ok() ? world.size() : world.rank();
  MLC_RETURN_IF_ERROR(world.allReduce(&failed, 1, DType::kI64, collectives::Reduction::kMin));
  if (failed == world.size()) return okStatus();
  const int root = static_cast<int>(failed);
  int64_t header[2] = {static_cast<int64_t>(mine.code()),
                       static_cast<int64_t>(mine.message().size())};
  MLC_RETURN_IF_ERROR(world.broadcast(header, sizeof header, root));
  std::string message = mine.message();
  message.resize(static_cast<size_t>(header[1]));
  MLC_RETURN_IF_ERROR(world.broadcast(message.data(), header[1], root));
  return Status(static_cast<StatusCode>(header[0]), message)
      .withContext("rank " + std::to_string(root) + " (" + world.hostOf(root) + ")");
}

Status ofThisRank(const collectives::Communicator& world, const Status& mine) {
  if (world.size() == 1) return mine;
  return mine.withContext("rank " + std::to_string(world.rank()) + " (" +
                          world.hostOf(world.rank()) + ")");
}

Status endWorld(collectives::Communicator& world, const Status& mine) {
  if (world.size() == 1) return mine;
  world.abort(ofThisRank(world, mine));
  return world.failure();
}

}  // namespace mlc::executor
