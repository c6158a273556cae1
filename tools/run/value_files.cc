#include "tools/run/value_files.h"

#include <filesystem>

#include "compiler/library/compiler_library.h"
#include "runtime/base/npy.h"
#include "runtime/base/objects.h"
#include "tools/run/file_name.h"
#include "tools/run/npz.h"

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;

StatusOr<HostTensor> readSequenceFolder(const std::string& folder) {
  std::vector<HostTensor> items;
  while (true) {
    const std::string file = folder + "/" + std::to_string(items.size()) + ".npy";
    if (!fs::exists(file)) return sequenceTensor(items);
    MLC_ASSIGN_OR_RETURN(HostTensor item, readNpy(file));
    items.push_back(std::move(item));
  }
}

StatusOr<HostTensor> readTensor(const std::string& path) {
  if (path.ends_with(".npy")) return readNpy(path);
  if (const size_t at = path.find(".npz:"); at != std::string::npos)
    return readNpz(path.substr(0, at + 4), path.substr(at + 5));
  if (path.ends_with(".npz")) return readNpz(path, "");
  return usageError(path + ": tensors are read from .npy, .npz and .pb files");
}

}  // namespace

StatusOr<HostTensor> readValue(const std::string& path, DType type) {
  if (path.ends_with(".pb")) {
    MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadCompilerLibrary());
    return compiler->readTensorProto(path, type);
  }
  StatusOr<HostTensor> value = fs::is_directory(path) ? readSequenceFolder(path) : readTensor(path);
  MLC_RETURN_IF_ERROR(value.status());
  return type == DType::kOptional ? optionalTensor(*value) : *std::move(value);
}

StatusOr<std::optional<HostTensor>> readValueIn(const std::string& folder, const std::string& proto,
                                                const std::string& name, DType type) {
  const std::string base = folder + "/" + fileNameOf(name);
  const bool mayBeFolder = type == DType::kSequence || type == DType::kOptional;
  for (const std::string& path : {folder + "/" + proto + ".pb", base + ".npy", base}) {
    if (!fs::exists(path) || (fs::is_directory(path) && !mayBeFolder)) continue;
    MLC_ASSIGN_OR_RETURN(HostTensor value, readValue(path, type));
    return std::optional<HostTensor>(std::move(value));
  }
  if (type == DType::kOptional) return std::optional(optionalTensor(std::nullopt));
  return std::optional<HostTensor>();
}

StatusOr<std::string> writeValue(const std::string& folder, const std::string& file,
                                 const HostTensor& value) {
  if (value.dtype() == DType::kOptional) {
    const std::optional<HostTensor> held = valueOf(value);
    return held ? writeValue(folder, file, *held) : std::string();
  }
  if (value.dtype() != DType::kSequence) {
    MLC_RETURN_IF_ERROR(writeNpy(folder + "/" + file + ".npy", value));
    return file + ".npy";
  }
  const std::string items = folder + "/" + file;
  std::error_code error;
  fs::remove_all(items, error);  // the tensors of a longer one
  fs::create_directories(items, error);
  if (error) return invalidError("cannot make " + items + ": " + error.message());
  int count = 0;
  for (const HostTensor& item : itemsOf(value))
    MLC_RETURN_IF_ERROR(writeNpy(items + "/" + std::to_string(count++) + ".npy", item));
  return file;
}

}  // namespace mlc::tools
