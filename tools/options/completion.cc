#include "tools/options/completion.h"

#include <algorithm>

namespace mlc::tools {
namespace {

std::string functionName(const CLI::App& app) {
  std::string name = "_" + app.get_name();
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

// Within '...', in a description of _arguments or the name of a value.
std::string zshQuoted(const std::string& text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted;
}

// What a value of that type may be, as _arguments has it: the choice "a|b", files, or anything.
std::string zshAction(const std::string& type) {
  if (type == "FILE" || type == "FILE|DIR") return "_files";
  if (type == "DIR") return "_files -/";
  const bool isChoice = type.find('|') != std::string::npos;
  std::string words = type;
  std::replace(words.begin(), words.end(), '|', ' ');
  return isChoice ? "(" + words + ")" : " ";
}

}  // namespace

std::string bashCompletion(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
  const std::string function = functionName(app);
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

std::string zshCompletion(const CLI::App& app) {
  const std::string function = functionName(app);
  std::string script = "#compdef " + app.get_name() + "\n" + function + "() {\n  _arguments";
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (option->get_positional()) {
      script += " \\\n    '1:" + zshQuoted(option->get_description()) + ":" + zshAction(type) + "'";
    }
    const bool hasValue = option->get_items_expected_max() > 0;
    std::vector<std::string> names;
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames())
      names.push_back("--" + name + (hasValue ? "=" : ""));
    for (const std::string& name : names) {
      script += " \\\n    '*" + name + "[" + zshQuoted(option->get_description()) + "]";
      if (hasValue) script += ":" + zshQuoted(type) + ":" + zshAction(type);
      script += "'";
    }
  }
  return script + "\n}\ncompdef " + function + " " + app.get_name() + "\n";
}

}  // namespace mlc::tools
