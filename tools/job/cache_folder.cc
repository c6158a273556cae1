#include "tools/job/cache_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace mlc::tools {
namespace {

namespace fs = std::filesystem;

constexpr char kRemedy[] = "set MLC_CACHE to a folder of your own";

Status makeOwn(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return invalidError("cannot make the cache folder " + folder + ": " + std::strerror(errno));
  }
  return checkOwn(folder);
}

}  // namespace

StatusOr<std::string> cacheRoot() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  if (!variable("MLC_CACHE").empty()) return variable("MLC_CACHE");
  if (!variable("XDG_CACHE_HOME").empty()) return variable("XDG_CACHE_HOME") + "/mlc";
  if (!variable("HOME").empty()) return variable("HOME") + "/.cache/mlc";
  return usageError("set MLC_CACHE to a folder for compiled packages: there is no HOME");
}

StatusOr<std::string> cacheFolder(const std::string& subfolder) {
  MLC_ASSIGN_OR_RETURN(std::string root, cacheRoot());
  std::error_code error;
  // The root itself may be a link to where there is room.
  if (const fs::path real = fs::canonical(root, error); !error) root = real.string();
  if (const fs::path above = fs::path(root).parent_path(); !above.empty())
    fs::create_directories(above, error);
  MLC_RETURN_IF_ERROR(makeOwn(root));
  const std::string folder = root + "/" + subfolder;
  MLC_RETURN_IF_ERROR(makeOwn(folder));
  return folder;
}

Status checkOwn(const std::string& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0)
    return invalidError("cannot look at " + path + ": " + std::strerror(errno));
  if (info.st_uid != ::geteuid()) {
    return usageError("the cache's " + path + " belongs to another user (" +
                      std::to_string(info.st_uid) + "), who could have put code there: " + kRemedy);
  }
  if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) {
    return usageError("the cache's " + path + " is neither a folder nor a file: remove it, or " +
                      kRemedy);
  }
  if (info.st_mode & (S_IWGRP | S_IWOTH)) {
    return usageError("others may write the cache's " + path +
                      ", and could have put code there: clear it and chmod go-w " + path + ", or " +
                      kRemedy);
  }
  return okStatus();
}

}  // namespace mlc::tools
