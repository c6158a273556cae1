#include "tools/options/completion.h"

namespace mlc::tools {

std::string bashCompletion(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
  std::string function = "_" + app.get_name();
  for (char& c : function) {
    if (c == '-') c = '_';
  }
  return function + "() {\n" +                             //
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\"\n" +  //
         "  if [[ \"$word\" == --* ]]; then\n" +           //
         "    COMPREPLY=($(compgen -W \"" + words.substr(words.empty() ? 0 : 1) +
         "\" -- \"$word\"))\n" +                           //
         "  else\n" +                                      //
         "    COMPREPLY=($(compgen -f -- \"$word\"))\n" +  //
         "  fi\n}\n" +                                     //
         "complete -o filenames -F " + function + " " + app.get_name() + "\n";
}

}  // namespace mlc::tools
