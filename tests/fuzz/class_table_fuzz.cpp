// The readers of class tables and lists of labels: whatever the text, an Error or a table that prints and reads back as
// itself and places every byte of a label file.
#include "data/class_table.h"
#include "fuzz.h"
#include "kernels/error.h"

namespace segue::fuzz {
namespace {

template <class Read>
bool attempt(const Read& read) {
  try {
    read();
    return true;
  } catch (const Error& e) {
    const std::string what = e.what();
    expect(e.fault() == Fault::usage, "a bad table is a usage error");
    expect(what.find('\n') == std::string::npos && what.size() < 4096, "a message is one short line");
    return false;
  }
}

bool run(const std::string& input) {
  const bool table = attempt([&] {
    const data::ClassTable t = data::parse_class_table(input, "x.toml");
    expect(t.size() >= 1 && t.size() <= 255, "a table has classes");
    const data::LabelTable to_file = t.to_file();
    for (const auto& [name, to_train] : t.schemes) {
      expect(t.scheme(name) != nullptr, "the labels of every scheme have names");
      for (const uint8_t k : to_train) expect(k == data::kIgnore || k < t.size(), "labels go to classes");
    }
    for (int64_t k = 0; k < t.size(); ++k)
      expect(to_file[size_t(k)] == t.classes[size_t(k)].id, "a class is written as its id");
    const data::ClassTable again = data::parse_class_table(data::class_table_text(t), "x.toml");
    expect(again.name == t.name && again.schemes == t.schemes && again.size() == t.size(),
           "a table reads back as itself");
  });
  const bool labels = attempt([&] {
    const data::LabelScheme s = data::parse_label_scheme(input, "x.toml", data::cityscapes_classes());
    expect(!s.labels.empty() && s.labels.size() <= 255, "a scheme has labels");
    data::place_labels(data::cityscapes_classes(), s);
  });
  return table || labels;
}

std::vector<std::string> corpus() {
  return {data::class_table_text(data::cityscapes_classes()),
          "[[class]]\nname = 'a'\n",
          "name = 'n'\n[[class]]\nname = 'a'\nid = 3\ncolor = [1, 2, 3]\ncityscapes = ['road', 8]\nmine = [1]\n"
          "[[class]]\nname = 'b'\nmine = ['y']\n[scheme.mine]\n1 = 'x'\n2 = 'y'\n",
          "scheme = 'synthia'\n",
          "[labels]\n0 = 'road'\n255 = 'void'\n",
          "[labels]\n1 = 'road'\n2 = 'car'\n9 = 'void'\n",
          "class = [{name = 'a', id = 1}, {name = 'b', id = 2}]\nscheme = {s = {4 = 'q'}}\n",
          ""};
}

std::vector<std::string> words() {
  return {"[[class]]\n",
          "name = ",
          "id = ",
          "color = [1, 2, 3]\n",
          "cityscapes = ",
          "synthia = ",
          "camvid = ",
          "[scheme.s]\n",
          "s = [1]\n",
          "[labels]\n",
          "scheme = 'camvid'\n",
          "'road'",
          "[",
          "]",
          "{",
          "}",
          "=",
          ",",
          ".",
          "\"",
          "'''",
          "\n",
          "#",
          "1 = 'x'\n",
          "254",
          "255",
          "256",
          "-1",
          "1e9",
          "true",
          "1979-05-27",
          "\\u0000",
          "\xff",
          "'\xc3\xbc'",
          "\"\\u0007\"",
          "9223372036854775808"};
}

/// Works on lines: dropped, doubled, exchanged, values replaced.
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
      static const std::vector<std::string> kValues = {"0",         "7",   "34",         "255",   "-1",        "'a'",
                                                       "'road'",    "''",  "[7, 'car']", "[]",    "[[1]]",     "{}",
                                                       "{1 = 'x'}", "0.5", "inf",        "false", "1979-05-27"};
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
  // toml++ keeps a node of about 100 bytes for every value, and "[]," is one; segue's own tree is as large again.
  static const Target t{"class_table", run,    corpus,
                        words,         mutate, [](size_t size) { return 384 * size + (256 << 10); }};
  return t;
}

}  // namespace segue::fuzz
