#include "tools/job/cache_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mlc::tools {

StatusOr<std::string> cacheFolder(const std::string& subfolder) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  std::string folder = variable("MLC_CACHE");
  if (folder.empty() && !variable("XDG_CACHE_HOME").empty())
    folder = variable("XDG_CACHE_HOME") + "/mlc";
  if (folder.empty() && !variable("HOME").empty()) folder = variable("HOME") + "/.cache/mlc";
  if (folder.empty())
    return usageError("set MLC_CACHE to a folder for compiled packages: there is no HOME");
  folder += "/" + subfolder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return invalidError("cannot make the cache folder " + folder + ": " + error.message());
  return folder;
}

StatusOr<std::string> readTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (!file && !file.eof()) return invalidError(path + ": " + std::strerror(errno ? errno : EIO));
  return text.str();
}

Status writeTextFile(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  std::error_code error;
  {
    std::ofstream file(temporary, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
      const std::string reason = std::strerror(errno ? errno : EIO);
      std::filesystem::remove(temporary, error);
      return invalidError("cannot write " + path + ": " + reason);
    }
  }
  std::filesystem::rename(temporary, path, error);
  if (error) return invalidError("cannot write " + path + ": " + error.message());
  return okStatus();
}

}  // namespace mlc::tools
