#include "data_spec.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

const std::vector<std::string> kKinds = {"folder", "camvid", "cityscapes", "gta5", "synthia", "pack"};

[[noreturn]] void usage(const std::string& what) { throw Error(Fault::usage, what); }

bool in_name(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string variable(const std::string& name, const std::string& spec) {
  const char* value = std::getenv(name.c_str());
  if (!value || !*value) usage(cat("data ", quote(spec), ": the environment variable ", quote(name), " is not set"));
  return value;
}

std::string expanded(const std::string& path, const std::string& spec) {
  std::string out;
  size_t at = 0;
  if (path.compare(0, 2, "~/") == 0) out = variable("HOME", spec), at = 1;
  while (at < path.size()) {
    const char c = path[at++];
    if (c != '$' || at == path.size()) {
      out += c;
    } else if (path[at] == '$') {
      out += path[at++];
    } else if (path[at] == '{') {
      const size_t end = path.find('}', at);
      if (end == std::string::npos) usage(cat("data ", quote(spec), ": expects '}' behind '${'"));
      out += variable(path.substr(at + 1, end - at - 1), spec);
      at = end + 1;
    } else {
      const size_t begin = at;
      while (at < path.size() && in_name(path[at])) ++at;
      out += at == begin ? "$" : variable(path.substr(begin, at - begin), spec);
    }
  }
  return out;
}

std::string list_of(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& w : words) all += (all.empty() ? "" : ", ") + w;
  return all;
}

void take_options(DataSpec& spec, const std::string& text) {
  static const std::vector<std::string> kOptions = {"split", "scheme", "broken"};
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('&', at), text.size());
    const std::string pair = text.substr(at, end - at), name = pair.substr(0, pair.find('='));
    if (std::find(kOptions.begin(), kOptions.end(), name) == kOptions.end())
      usage(cat("data ", quote(spec.text), ": unknown option ", quote(name), did_you_mean(name, kOptions),
                "; known are ", list_of(kOptions)));
    const std::string value = pair.size() > name.size() ? pair.substr(name.size() + 1) : "";
    if (value.empty()) usage(cat("data ", quote(spec.text), ": expects ", name, "=VALUE; got ", quote(pair)));
    if (name == "broken" && value != "keep")
      usage(cat("data ", quote(spec.text), ": expects broken=keep; got ", quote(value)));
    if (value.find('/') != std::string::npos || value == "..")
      usage(cat("data ", quote(spec.text), ": expects a name for ", name, "; got ", quote(value)));
    spec.options[name] = value;
    at = end + 1;
  }
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

/// Length of "0.7*" at the beginning of `text`; 0: none is there.
size_t share_prefix(const std::string& text, double* share) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  size_t n = size_t(end - text.c_str());
  if (n == 0) return 0;
  n = std::min(text.find_first_not_of(" \t", n), text.size());
  if (n >= text.size() || text[n] != '*') return 0;
  if (share) *share = value;
  return n + 1;
}

/// True if a part of a mix begins at `at`: spaces, a share perhaps, a kind and ':'. With a share, or if it is nearly one, a
/// kind that does not exist counts as well: it is then refused by name, rather than taken for part of a path.
bool part_begins(const std::string& text, size_t at) {
  const std::string rest = trimmed(text.substr(at));
  const size_t prefix = share_prefix(rest, nullptr);
  const std::string name = trimmed(rest.substr(prefix)), kind = name.substr(0, name.find(':'));
  if (kind.size() == name.size() || kind.find_first_of("/+") != std::string::npos) return false;
  return prefix > 0 || !nearest(kind, kKinds).empty();
}

}  // namespace

std::string DataSpec::option(const std::string& name, const std::string& otherwise) const {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

DataSpec parse_data_spec(const std::string& text) {
  DataSpec spec;
  spec.text = trimmed(text);
  if (share_prefix(spec.text, nullptr) > 0 || parse_data_mix(spec.text).size() > 1)
    usage(cat("data ", quote(spec.text), ": expects one data set, KIND:PATH; mixes and shares are for training"));
  const size_t colon = spec.text.find(':');
  if (colon == std::string::npos)
    usage(cat("data ", quote(spec.text), ": expects KIND:PATH with a KIND of ", list_of(kKinds),
              "; images in a folder are 'folder:", plain_text(spec.text), "'"));
  spec.kind = spec.text.substr(0, colon);
  if (std::find(kKinds.begin(), kKinds.end(), spec.kind) == kKinds.end())
    usage(cat("data ", quote(spec.text), ": unknown kind ", quote(spec.kind), did_you_mean(spec.kind, kKinds),
              "; known are ", list_of(kKinds)));
  std::string path = spec.text.substr(colon + 1);
  const size_t question = path.rfind('?');
  if (question != std::string::npos) {
    take_options(spec, path.substr(question + 1));
    path.resize(question);
  }
  if (path.empty() && spec.kind == "cityscapes") path = "$CITYSCAPES_DATASET";  // the official tools' own root
  if (path.empty()) usage(cat("data ", quote(spec.text), ": expects a path behind '", spec.kind, ":'"));
  spec.path = expanded(path, spec.text);
  return spec;
}

std::string choose_split(const std::string& text, const std::string& option, const std::string& otherwise) {
  const DataSpec spec = parse_data_spec(text);
  const std::string own = spec.option("split");
  if (!own.empty() && !option.empty() && own != option)
    usage(cat("data ", quote(spec.text), " names the split ", quote(own), ", --split ", quote(option),
              ": expects one of them"));
  if (!option.empty() && (spec.kind == "synthia" || spec.kind == "pack"))
    usage(
        cat("data ", quote(spec.text), ": ", spec.kind, " has no splits; leave --split ", plain_text(option), " out"));
  return !own.empty() ? own : !option.empty() ? option : otherwise;
}

std::vector<MixPart> parse_data_mix(const std::string& text) {
  std::vector<MixPart> parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    size_t end = text.find('+', begin);
    while (end != std::string::npos && !part_begins(text, end + 1)) end = text.find('+', end + 1);
    if (end == std::string::npos) end = text.size();
    MixPart part;
    part.spec = trimmed(text.substr(begin, end - begin));
    const size_t prefix = share_prefix(part.spec, &part.share);
    if (prefix > 0 && !(part.share > 0 && std::isfinite(part.share)))
      usage(cat("data ", quote(text), ": expects shares above 0; got ", part.share));
    part.spec = trimmed(part.spec.substr(prefix));
    parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

}  // namespace segue::data
