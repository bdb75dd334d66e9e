#include "contracts.h"

#include <algorithm>
#include <regex>
#include <sstream>

namespace segue::house {
namespace {

struct Declaration {
  std::string comment, text;
};

// Splits a header into declarations (up to ';') with the /// comment in front of each.
std::vector<Declaration> declarations(const std::string& text) {
  std::vector<Declaration> all;
  Declaration current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t start = line.find_first_not_of(' ');
    if (start == std::string::npos) {
      if (current.text.empty()) current = {};
      continue;
    }
    if (line[start] == '}' && current.text.empty()) continue;  // the end of a body or a namespace
    if (line.compare(start, 3, "///") == 0) {
      current.comment += line.substr(start) + "\n";
    } else if (line.compare(start, 2, "//") != 0 && line[start] != '#') {
      current.text += line.substr(start) + " ";
      if (line.find(';') != std::string::npos || line.find('{') != std::string::npos) {
        all.push_back(current);
        current = {};
      }
    }
  }
  return all;
}

}  // namespace

std::vector<Launcher> launchers(const std::string& header, const std::string& text) {
  static const std::regex kLauncher(R"(^(?:[\w:<>,&*\[\]]+\s+)+(\w+)\(\s*const (Cpu|Cuda)Exec&)");
  static const std::regex kView(R"((?:const View&|View|const std::vector<View>&)\s+(\w+))");
  std::vector<Launcher> found;
  for (const Declaration& d : declarations(text)) {
    std::smatch m;
    if (!std::regex_search(d.text, m, kLauncher)) continue;
    auto it = std::find_if(found.begin(), found.end(), [&](const Launcher& l) { return l.name == m[1]; });
    if (it == found.end()) {
      found.push_back({header, m[1], {}, false, false, d.comment});
      it = std::prev(found.end());
    }
    (m[2] == "Cpu" ? it->cpu : it->cuda) = true;
    for (std::sregex_iterator v(d.text.begin(), d.text.end(), kView), end; v != end; ++v)
      if (std::find(it->views.begin(), it->views.end(), (*v)[1]) == it->views.end()) it->views.push_back((*v)[1]);
  }
  return found;
}

std::vector<std::string> contract_faults(const Launcher& l) {
  std::vector<std::string> faults;
  if (l.comment.size() < 8 || l.comment.find('.') == std::string::npos) faults.push_back("no first sentence");
  for (const std::string& view : l.views) {
    // A row: the name, alone or with others separated by commas, then a shape in parentheses or "any"/"as".
    const std::regex row("///\\s+([\\w]+,\\s*)*" + view + "(,\\s*\\w+)*\\s+\\S.*\\b(in|out|inout)\\b");
    if (!std::regex_search(l.comment, row)) faults.push_back("no row for '" + view + "' with shape and in/out/inout");
  }
  size_t at = 0;
  for (const char* part : {"/// Throws", "/// Traffic", "Deterministic", "Capture-safe", "/// Source"}) {
    const size_t next = l.comment.find(part, at);
    if (next == std::string::npos)
      faults.push_back(std::string("no '") + part + "' in its place");
    else
      at = next;
  }
  return faults;
}

std::vector<std::string> ops(const std::string& text) {
  static const std::regex kOp(R"(^[A-Za-z_][\w:<>,&* ]* (\w+)\(Context& c)");
  std::vector<std::string> names;
  std::istringstream lines(text);
  std::smatch m;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_search(line, m, kOp)) names.push_back(m[1]);
  return names;
}

}  // namespace segue::house
