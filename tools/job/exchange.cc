#include "tools/job/exchange.h"

namespace mlc::tools {

StatusOr<std::vector<std::string>> gatherTexts(collectives::Communicator& world,
                                               const std::string& mine) {
  const auto ranks = static_cast<size_t>(world.size());
  std::vector<int64_t> sizes(ranks);
  const auto size = static_cast<int64_t>(mine.size());
  MLC_RETURN_IF_ERROR(
      world.allGather(&size, sizes.data(), std::vector<int64_t>(ranks, 1), DType::kI64));
  int64_t total = 0;
  for (int64_t bytes : sizes) total += bytes;
  std::string all(static_cast<size_t>(total), '\0');
  MLC_RETURN_IF_ERROR(world.allGather(mine.data(), all.data(), sizes, DType::kU8));
  std::vector<std::string> texts;
  size_t at = 0;
  for (int64_t bytes : sizes) {
    texts.push_back(all.substr(at, static_cast<size_t>(bytes)));
    at += static_cast<size_t>(bytes);
  }
  return texts;
}

StatusOr<std::string> shareFromRoot(collectives::Communicator& world,
                                    const StatusOr<std::string>& mine) {
  const bool root = world.rank() == 0;
  int64_t header[2] = {0, 0};  // status code, bytes
  std::string text;
  if (root) {
    text = mine.ok() ? *mine : mine.status().message();
    header[0] = static_cast<int64_t>(mine.ok() ? StatusCode::kOk : mine.status().code());
    header[1] = static_cast<int64_t>(text.size());
  }
  MLC_RETURN_IF_ERROR(world.broadcast(header, sizeof(header), 0));
  text.resize(static_cast<size_t>(header[1]));
  MLC_RETURN_IF_ERROR(world.broadcast(text.data(), header[1], 0));
  if (header[0] != 0) return Status(static_cast<StatusCode>(header[0]), text);
  return text;
}

}  // namespace mlc::tools
