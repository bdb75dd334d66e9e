// The configuration reader: whatever the text, an Error or a configuration that prints and reads back as itself.
#include "apps/config.h"
#include "fuzz.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::fuzz {
namespace {

/// The first line that begins with "#set " is an override: files and --set go through the same target.
std::vector<std::string> overrides_in(const std::string& input) {
  if (input.rfind("#set ", 0) != 0) return {};
  return {input.substr(5, std::min(input.find('\n'), input.size()) - 5)};
}

bool run(const std::string& input) {
  try {
    const Config config = parse_config(input, "input.toml", overrides_in(input));
    const std::string text = config_text(config);
    const Config again = parse_config(text, "again.toml");
    expect(again.task() == config.task(), "a printed configuration has the same task");
    for (const Setting& s : schema(config.task()))
      expect(again.value(s.key) == config.value(s.key), "a printed configuration reads back as itself");
    return true;
  } catch (const Error& e) {
    const std::string what = e.what();
    expect(e.fault() == Fault::usage, "a bad configuration is a usage error");
    expect(what.find('\n') == std::string::npos && what.size() < 4096, "a message is one short line");
    return false;
  }
}

std::vector<std::string> corpus() {
  std::vector<std::string> all = {
      "task = \"segment\"\n",
      "#set optim.rate=0.5\ntask = 'translate'\n[loss]\ncycle = 10\n",
      "#set log.name=a b\ntask = \"\"\"adapt\"\"\"\nmodel = {classes = 3, width = 0.5}\n",
      "task = \"segment\"\n[data]\ncrop = [\n  64, # rows\n  128,\n]\n[optim]\nbetas = [0.5, 1e-1]\n",
      "task = \"segment\"\nlog.name = '''a\nb'''\nlog.dir = \"\\u00fc\\t\\\"\"\n",
      "task = \"segment\"\n[[data]]\nflip = true\n",
      "task = \"segment\"\ntrain.steps = 0x10\ntrain.batch = 1_0\ntrain.seed = 1979-05-27T07:32:00Z\n",
      "",
  };
  for (const Task task : {Task::segment, Task::translate, Task::adapt}) all.push_back(default_text(task));
  return all;
}

std::vector<std::string> words() {
  std::vector<std::string> w = {"=",
                                "[",
                                "]",
                                "[[",
                                "]]",
                                "{",
                                "}",
                                ".",
                                ",",
                                "\"",
                                "'",
                                "'''",
                                "\"\"\"",
                                "\n",
                                "\r\n",
                                "#",
                                "\\",
                                "\\u",
                                "\\U0010FFFF",
                                "true",
                                "false",
                                "inf",
                                "nan",
                                "-inf",
                                "0x",
                                "1e400",
                                "-1",
                                "9223372036854775807",
                                "9223372036854775808",
                                "1979-05-27",
                                "07:32:00",
                                "a.",
                                "a={",
                                "\xff",
                                "\xef\xbb\xbf",
                                "\x7f",
                                "#set ",
                                "task = \"segment\"\n",
                                "[a.b]\n",
                                "a=[[",
                                "0.5"};
  for (const Task task : {Task::segment, Task::translate, Task::adapt})
    for (const Setting& s : schema(task)) {
      w.push_back(s.key + " = " + value_text(s.standard) + "\n");
      w.push_back(s.key);
    }
  return w;
}

/// Works on lines: values replaced, lines dropped, doubled, moved.
std::string mutate(const std::string& input, Random& random) {
  std::vector<std::string> lines(1);
  for (const char c : input) {
    lines.back() += c;
    if (c == '\n') lines.emplace_back();
  }
  const size_t i = below(random, lines.size()), j = below(random, lines.size());
  switch (below(random, 5)) {
    case 0: lines.erase(lines.begin() + long(i)); break;
    case 1: lines.insert(lines.begin() + long(j), std::string(lines[i])); break;
    case 2: std::swap(lines[i], lines[j]); break;
    default: {
      static const std::vector<std::string> kValues = {
          "0",          "1",        "16",          "-1",        "0.5",        "1e-9",
          "1e300",      "true",     "\"\"",        "\"fcn\"",   "\"adam\"",   "\"x\\n\"",
          "'\xc3\xbc'", "[64, 64]", "[0.25, 0.5]", "[1, 2, 3]", "[]",         "[[]]",
          "{}",         "{a = 1}",  "inf",         "nan",       "1979-05-27", "9223372036854775807",
          "\"cuda\"",   "\"poly\"", "8",           "false"};
      const size_t equals = lines[i].find('=');
      if (equals != std::string::npos)
        lines[i] = lines[i].substr(0, equals + 1) + " " + kValues[below(random, kValues.size())] + "\n";
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace

const Target& target() {
  // toml++ keeps a node of about 100 bytes for every value, and "[]," is one.
  static const Target t{"config", run, corpus, words, mutate, [](size_t size) { return 192 * size + (256 << 10); }};
  return t;
}

}  // namespace segue::fuzz
