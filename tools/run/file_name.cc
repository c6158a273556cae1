#include "tools/run/file_name.h"

#include <cctype>

namespace mlc::tools {

std::string fileNameOf(const std::string& name) {
  std::string file = name;
  for (char& c : file) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '_';
  }
  if (file.empty() || file[0] == '.') file = "_" + file;
  return file;
}

}  // namespace mlc::tools
