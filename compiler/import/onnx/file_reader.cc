#include "compiler/import/onnx/file_reader.h"

#include <climits>
#include <filesystem>

#include "runtime/base/mapped_file.h"

namespace mlc::onnx_import {
namespace {

Status notAModel(const std::string& path, const std::string& why) {
  return invalidError(path + " is not an ONNX model: " + why);
}

}  // namespace

StatusOr<std::unique_ptr<ModelFile>> readModelFile(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return invalidError("cannot find " + path + ": " + error.message());
  if (std::filesystem::is_directory(absolute, error)) return notAModel(path, "it is a directory");
  MLC_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::open(absolute.string()));
  if (file->size() == 0) return notAModel(path, "it is empty");
  if (file->size() > INT_MAX) {
    return notAModel(
        path, "it has " + std::to_string(file->size()) +
                  " bytes; a model may have 2 GiB, beyond that its weights are external data");
  }
  auto result = std::make_unique<ModelFile>();
  result->path = absolute.lexically_normal().string();
  if (!result->model.ParseFromArray(file->data(), static_cast<int>(file->size()))) {
    return notAModel(path, "it is damaged or of another format");
  }
  if (!result->model.has_graph() || !result->model.has_ir_version()) {
    return notAModel(path, "it holds no graph");
  }
  result->rawDataOffsets = locateRawData(file->data(), file->size());
  return result;
}

}  // namespace mlc::onnx_import
