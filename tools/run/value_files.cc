#include "tools/run/value_files.h"

#include <filesystem>
#include <new>

#include "compiler/library/compiler_library.h"
#include "runtime/base/file_kind.h"
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
    MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(file));
    if (kind == FileKind::kAbsent) return sequenceTensor(items);
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

StatusOr<HostTensor> readAnyValue(const std::string& path, DType type) {
  if (path.ends_with(".pb")) {
    MLC_ASSIGN_OR_RETURN(CompilerLibrary * compiler, loadCompilerLibrary(path + " is read"));
    return compiler->readTensorProto(path, type);
  }
  MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(path));
  StatusOr<HostTensor> value =
      kind == FileKind::kFolder ? readSequenceFolder(path) : readTensor(path);
  MLC_RETURN_IF_ERROR(value.status());
  return type == DType::kOptional ? optionalTensor(*value) : *std::move(value);
}

}  // namespace

StatusOr<HostTensor> readValue(const std::string& path, DType type) {
  try {
    return readAnyValue(path, type);
  } catch (const std::bad_alloc&) {
    // A small file may stand for a large tensor.
    return outOfMemoryError(path + " does not fit in memory");
  }
}

StatusOr<std::optional<HostTensor>> readValueIn(const std::string& folder, const std::string& proto,
                                                const std::string& name, DType type) {
  const std::string base = folder + "/" + fileNameOf(name);
  const bool mayBeFolder = type == DType::kSequence || type == DType::kOptional;
  for (const std::string& path : {folder + "/" + proto + ".pb", base + ".npy", base}) {
    MLC_ASSIGN_OR_RETURN(const FileKind kind, fileKind(path));
    if (kind == FileKind::kAbsent || (kind == FileKind::kFolder && !mayBeFolder)) continue;
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
  const auto fileOf = [&](int item) { return items + "/" + std::to_string(item) + ".npy"; };
  std::error_code error;
  fs::create_directories(items, error);
  if (error) return invalidError("cannot make " + items + ": " + error.message());
  int count = 0;
  for (const HostTensor& item : itemsOf(value))
    MLC_RETURN_IF_ERROR(writeNpy(fileOf(count++), item));
  // The tensors of a longer one that was there, and nothing else.
  while (fs::remove(fileOf(count), error)) ++count;
  return file;
}

}  // namespace mlc::tools
