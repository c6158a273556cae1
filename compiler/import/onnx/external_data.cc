#include "compiler/import/onnx/external_data.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace mlc::onnx_import {
namespace {

namespace fs = std::filesystem;

bool isInside(const fs::path& file, const fs::path& folder) {
  auto [end, rest] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return end == folder.end();
}

// The folder that the model's data must be in: the model's own, or the models--* tree of a
// HuggingFace cache that it is in.
fs::path allowedFolder(const fs::path& modelFolder) {
  for (fs::path folder = modelFolder; folder.has_relative_path(); folder = folder.parent_path()) {
    if (folder.filename() == "snapshots" &&
        folder.parent_path().filename().string().starts_with("models--")) {
      return folder.parent_path();
    }
  }
  return modelFolder;
}

StatusOr<int64_t> parseCount(const std::string& key, const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end || value < 0) {
    return invalidError("its external data has the " + key + " '" + text + "'");
  }
  return value;
}

std::string locationOf(const onnx::TensorProto& tensor) {
  std::string location;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
  }
  return location;
}

StatusOr<std::string> findFile(const std::string& location, const std::string& modelPath) {
  if (location.empty()) return invalidError("its external data has no location");
  if (location.find('\0') != std::string::npos || fs::path(location).is_absolute()) {
    return invalidError("its external data must be named relative to the model, is '" + location +
                        "'");
  }
  std::error_code error;
  const fs::path folder = fs::canonical(fs::path(modelPath).parent_path(), error);
  if (error) return invalidError("the model's folder cannot be read: " + error.message());
  const fs::path named = folder / location;
  const fs::path file = fs::canonical(named, error);
  if (error)
    return invalidError("its external data " + named.string() +
                        " cannot be read: " + error.message());
  // A model that is itself a link may have its data beside what it links to.
  const fs::path realFolder = fs::canonical(modelPath, error).parent_path();
  const fs::path allowed = allowedFolder(folder);
  if (!isInside(file, allowed) && (error || !isInside(file, realFolder))) {
    return invalidError("its external data '" + location + "' leads to " + file.string() +
                        ", outside of " + allowed.string());
  }
  if (!fs::is_regular_file(file, error))
    return invalidError("its external data " + file.string() + " is not a file");
  return file.string();
}

StatusOr<FileRange> locate(const onnx::TensorProto& tensor, int64_t bytes,
                           const std::string& modelPath) {
  FileRange range;
  int64_t length = bytes;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "offset") {
      MLC_ASSIGN_OR_RETURN(range.offset, parseCount("offset", entry.value()));
    }
    if (entry.key() == "length") {
      MLC_ASSIGN_OR_RETURN(length, parseCount("length", entry.value()));
    }
  }
  MLC_ASSIGN_OR_RETURN(range.file, findFile(locationOf(tensor), modelPath));
  if (length != bytes) {
    return invalidError("its external data has " + std::to_string(length) +
                        " bytes, its type and shape need " + std::to_string(bytes));
  }
  std::error_code error;
  const uintmax_t size = fs::file_size(range.file, error);
  if (error)
    return invalidError("its external data " + range.file + " cannot be read: " + error.message());
  int64_t end = 0;
  if (__builtin_add_overflow(range.offset, bytes, &end) || static_cast<uintmax_t>(end) > size) {
    return invalidError("its external data " + range.file + " is too short: it has " +
                        std::to_string(size) + " bytes, " + std::to_string(bytes) +
                        " are needed from offset " + std::to_string(range.offset) + " on");
  }
  return range;
}

}  // namespace

StatusOr<std::string> externalFileOf(const onnx::TensorProto& tensor,
                                     const std::string& modelPath) {
  StatusOr<std::string> file = findFile(locationOf(tensor), modelPath);
  if (!file.ok()) return file.status().withContext("tensor '" + tensor.name() + "'");
  return file;
}

StatusOr<FileRange> locateExternalData(const onnx::TensorProto& tensor, int64_t bytes,
                                       const std::string& modelPath) {
  StatusOr<FileRange> range = locate(tensor, bytes, modelPath);
  if (!range.ok()) return range.status().withContext("tensor '" + tensor.name() + "'");
  return range;
}

}  // namespace mlc::onnx_import
