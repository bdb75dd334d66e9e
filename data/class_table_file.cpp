// Class tables as TOML.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "class_table.h"
#include "kernels/error.h"
#include "runtime/text.h"
#include "runtime/toml.h"

namespace segue::data {
namespace {

constexpr size_t kMaxName = 64;

/// One text being read: every complaint names file and line.
struct Reading {
  const std::string& name;

  template <class... Args>
  [[noreturn]] void complain(int line, const Args&... what) const {
    throw Error(Fault::usage, cat(name, ":", line, ": ", what...));
  }

  std::string text(const TomlEntry& e) const {
    const auto* s = e.value.as<std::string>();
    if (!s) complain(e.line, "expects a text for ", quote(e.key), "; got ", e.value.text());
    return checked_name(*s, e.line);
  }
  std::string checked_name(const std::string& s, int line) const {
    if (s.empty() || s.size() > kMaxName || std::any_of(s.begin(), s.end(), [](char c) { return uint8_t(c) < 32; }))
      complain(line, "expects a name of 1 to ", kMaxName, " bytes; got ", quote(s));
    return s;
  }
  uint8_t byte(const TomlValue& v, int64_t most, const char* what) const {
    const auto* i = v.as<int64_t>();
    if (!i || *i < 0 || *i > most) complain(v.line, "expects ", what, " of 0 to ", most, "; got ", v.text());
    return uint8_t(*i);
  }
  const TomlTable& table(const TomlEntry& e) const {
    const auto* t = e.value.as<TomlTable>();
    if (!t) complain(e.line, "expects a table [", plain_text(e.key), "]; got ", e.value.text());
    return *t;
  }
  const TomlList& list(const TomlEntry& e, const char* what) const {
    const auto* l = e.value.as<TomlList>();
    if (!l) complain(e.line, "expects ", what, " for ", quote(e.key), "; got ", e.value.text());
    return *l;
  }
  [[noreturn]] void unknown_key(const TomlEntry& e, const std::vector<std::string>& known) const {
    std::string all;
    for (const std::string& k : known) all += (all.empty() ? "" : ", ") + k;
    complain(e.line, "unknown key ", quote(e.key), did_you_mean(e.key, known), "; known are ", all);
  }
};

/// A table of ids and names: [scheme.NAME], [labels].
LabelScheme read_labels(const Reading& r, const std::string& scheme, const TomlTable& table, int line) {
  LabelScheme s{scheme, {}};
  for (const TomlEntry& e : table) {
    int id = -1;
    if (!e.key.empty() && e.key.size() <= 3 && e.key.find_first_not_of("0123456789") == std::string::npos)
      id = std::stoi(e.key);
    if (id < 0 || id > 254) r.complain(e.line, "expects ID = \"NAME\" with an id of 0 to 254; got ", quote(e.key));
    if (!s.label(uint8_t(id)).empty()) r.complain(e.line, "id ", id, " stands here twice");
    s.labels.emplace_back(uint8_t(id), r.text(e));
  }
  if (s.labels.empty()) r.complain(line, "expects labels, ID = \"NAME\"; got none");
  std::sort(s.labels.begin(), s.labels.end());
  return s;
}

/// Where a class takes its labels from, to be looked at when all schemes are known.
struct Folded {
  uint8_t train_id;
  const TomlEntry* entry;
};

/// A colour for a class that names none: bits of its number spread over the channels, so that neighbours differ.
std::array<uint8_t, 3> default_color(size_t k) {
  std::array<uint8_t, 3> rgb = {};
  size_t bits = k + 1;
  for (int bit = 7; bits > 0 && bit >= 0; --bit, bits >>= 3)
    for (size_t c = 0; c < 3; ++c) rgb[c] = uint8_t(rgb[c] | (((bits >> c) & 1) << bit));
  return rgb;
}

ClassInfo read_class(const Reading& r, const TomlValue& value, size_t k, std::vector<Folded>* folded) {
  const auto* entries = value.as<TomlTable>();
  if (!entries) r.complain(value.line, "expects [[class]] tables; got ", value.text());
  ClassInfo info;
  info.id = uint8_t(k);
  info.rgb = default_color(k);
  for (const TomlEntry& e : *entries) {
    if (e.key == "name") {
      info.name = r.text(e);
    } else if (e.key == "id") {
      info.id = r.byte(e.value, 254, "an id");
    } else if (e.key == "color") {
      const TomlList& channels = r.list(e, "a colour [red, green, blue]");
      if (channels.size() != 3)
        r.complain(e.line, "expects a colour [red, green, blue]; got ", channels.size(), " values");
      for (size_t c = 0; c < 3; ++c) info.rgb[c] = r.byte(channels[c], 255, "a channel");
    } else if (folded) {
      folded->push_back({uint8_t(k), &e});
    }
  }
  if (info.name.empty()) r.complain(value.line, "expects a name for the class; got none");
  return info;
}

std::vector<ClassInfo> read_classes(const Reading& r, const TomlEntry& entry, std::vector<Folded>* folded) {
  const TomlList& list = r.list(entry, "[[class]] tables");
  if (list.empty() || list.size() > 255) r.complain(entry.line, "expects 1 to 255 classes; got ", list.size());
  std::vector<ClassInfo> classes;
  std::set<std::string> names;
  std::set<uint8_t> ids;
  for (const TomlValue& v : list) {
    classes.push_back(read_class(r, v, classes.size(), folded));
    if (!names.insert(classes.back().name).second)
      r.complain(v.line, "two classes are called ", quote(classes.back().name));
    if (!ids.insert(classes.back().id).second)
      r.complain(v.line, "class ", quote(classes.back().name), " has the id ", int(classes.back().id),
                 " of another class");
  }
  return classes;
}

/// "road" or 7 as an id of the scheme.
uint8_t label_id(const Reading& r, const LabelScheme& scheme, const TomlValue& v) {
  if (v.as<int64_t>()) {
    const uint8_t id = r.byte(v, 254, "a label");
    if (scheme.label(id).empty()) r.complain(v.line, "labels of ", quote(scheme.name), " have no id ", int(id));
    return id;
  }
  const auto* name = v.as<std::string>();
  if (!name) r.complain(v.line, "expects labels of ", quote(scheme.name), " by name or id; got ", v.text());
  std::vector<std::string> known;
  for (const auto& [id, label] : scheme.labels) {
    if (label == *name) return id;
    known.push_back(label);
  }
  r.complain(v.line, "labels of ", quote(scheme.name), " have no ", quote(*name), did_you_mean(*name, known));
}

std::vector<std::string> scheme_names(const ClassTable& table) {
  std::vector<std::string> names;
  for (const LabelScheme& s : table.own_schemes) names.push_back(s.name);
  for (const LabelScheme& s : label_schemes()) names.push_back(s.name);
  return names;
}

void fold(const Reading& r, ClassTable& table, const Folded& f) {
  const LabelScheme* scheme = table.scheme(f.entry->key);
  if (!scheme) {
    std::vector<std::string> known = {"name", "id", "color"};
    for (const std::string& s : scheme_names(table)) known.push_back(s);
    r.unknown_key(*f.entry, known);
  }
  auto [found, added] = table.schemes.try_emplace(scheme->name);
  if (added) found->second.fill(kIgnore);
  for (const TomlValue& v : r.list(*f.entry, "a list of labels")) {
    uint8_t& train_id = found->second[label_id(r, *scheme, v)];
    if (train_id != kIgnore && train_id != f.train_id)
      r.complain(v.line, "label ", v.text(), " of ", quote(scheme->name), " goes to ",
                 quote(table.classes[train_id].name), " and to ", quote(table.classes[f.train_id].name));
    train_id = f.train_id;
  }
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  if (!file || !std::filesystem::is_regular_file(path, ignored))
    throw Error(Fault::usage,
                cat("cannot read class table ", quote(path), ": ", file ? "expects a plain file" : std::strerror(errno),
                    "; expects 'cityscapes' or a TOML file"));
  std::string text(size_t((1 << 20) + 1), '\0');  // more than parse_toml takes
  file.read(text.data(), std::streamsize(text.size()));
  text.resize(size_t(file.gcount()));
  return text;
}

bool means_nothing(const std::string& label) {
  constexpr const char* kNothing[] = {"void", "unlabeled", "unlabelled", "ignore", "ignored", "background"};
  return std::find(std::begin(kNothing), std::end(kNothing), label) != std::end(kNothing);
}

}  // namespace

ClassTable parse_class_table(const std::string& text, const std::string& name) {
  const Reading r{name};
  const TomlTable top = parse_toml(text, name, "a class table");
  ClassTable table;
  table.name = plain_text(std::filesystem::path(name).stem().string(), kMaxName - 4);
  std::vector<Folded> folded;
  for (const TomlEntry& e : top) {
    if (e.key == "name") {
      table.name = r.text(e);
    } else if (e.key == "class") {
      table.classes = read_classes(r, e, &folded);
    } else if (e.key == "scheme") {
      for (const TomlEntry& s : r.table(e)) {
        r.checked_name(s.key, s.line);
        if (table.scheme(s.key) || s.key == "name" || s.key == "id" || s.key == "color")
          r.complain(s.line, "expects another name for a scheme; ", quote(s.key), " has a meaning already");
        table.own_schemes.push_back(read_labels(r, s.key, r.table(s), s.line));
      }
    } else {
      r.unknown_key(e, {"name", "class", "scheme"});
    }
  }
  if (table.classes.empty()) r.complain(1, "expects [[class]] tables; got none");
  for (const Folded& f : folded) fold(r, table, f);
  for (const LabelScheme& s : table.own_schemes)
    if (!table.schemes.count(s.name)) r.complain(1, "no class takes a label of the scheme ", quote(s.name));
  if (!table.scheme(table.name)) {  // files that are written for this table
    LabelScheme own{table.name, {}};
    LabelTable& to_train = table.schemes[table.name];
    to_train.fill(kIgnore);
    for (size_t k = 0; k < table.classes.size(); ++k) {
      own.labels.emplace_back(table.classes[k].id, table.classes[k].name);
      to_train[table.classes[k].id] = uint8_t(k);
    }
    std::sort(own.labels.begin(), own.labels.end());
    table.own_schemes.push_back(std::move(own));
  }
  return table;
}

std::string class_table_text(const ClassTable& table) {
  std::ostringstream out;
  out << "name = " << toml_string(table.name) << '\n';
  for (size_t k = 0; k < table.classes.size(); ++k) {
    const ClassInfo& c = table.classes[k];
    out << "\n[[class]]\nname = " << toml_string(c.name) << "\nid = " << int(c.id) << "\ncolor = [" << int(c.rgb[0])
        << ", " << int(c.rgb[1]) << ", " << int(c.rgb[2]) << "]\n";
    for (const auto& [scheme, to_train] : table.schemes) {
      std::string ids;
      for (size_t id = 0; id < 255; ++id)
        if (to_train[id] == k) ids += (ids.empty() ? "" : ", ") + std::to_string(id);
      out << toml_string(scheme) << " = [" << ids << "]\n";
    }
  }
  for (const LabelScheme& s : table.own_schemes) {
    out << "\n[scheme." << toml_string(s.name) << "]\n";
    for (const auto& [id, label] : s.labels) out << int(id) << " = " << toml_string(label) << '\n';
  }
  return out.str();
}

ClassTable load_class_table(const std::string& name_or_path) {
  if (name_or_path == cityscapes_classes().name) return cityscapes_classes();
  return parse_class_table(read_text(name_or_path), name_or_path);
}

LabelScheme parse_label_scheme(const std::string& text, const std::string& name, const ClassTable& table) {
  const Reading r{name};
  LabelScheme scheme;
  int sources = 0;
  for (const TomlEntry& e : parse_toml(text, name, "a list of labels")) {
    if (e.key == "scheme" && e.value.as<std::string>()) {
      const LabelScheme* known = table.scheme(r.text(e));
      if (!known) {
        r.complain(e.line, "unknown scheme ", quote(r.text(e)), did_you_mean(r.text(e), scheme_names(table)),
                   "; a class table can define it");
      }
      scheme = *known;
      ++sources;
    } else if (e.key == "labels") {
      scheme = read_labels(r, name, r.table(e), e.line);
      ++sources;
    } else if (e.key == "class") {
      scheme.name = name;
      for (const ClassInfo& c : read_classes(r, e, nullptr)) scheme.labels.emplace_back(c.id, c.name);
      // What files of the table hold where there is no class: see ClassTable::to_file().
      if (scheme.label(0).empty()) scheme.labels.emplace_back(0, "void");
      std::sort(scheme.labels.begin(), scheme.labels.end());
      ++sources;
    } else if (e.key != "name" && e.key != "scheme") {
      r.unknown_key(e, {"scheme", "labels", "class", "name"});
    }
  }
  if (sources != 1) r.complain(1, "expects one of scheme = \"NAME\", [labels] or [[class]]; got ", sources);
  return scheme;
}

LabelTable place_labels(const ClassTable& table, const LabelScheme& scheme) {
  const LabelScheme* known = table.scheme(scheme.name);
  if (known && known->labels == scheme.labels) return table.to_train(scheme.name);

  std::map<std::string, uint8_t> place;
  const auto add = [&](const std::string& scheme_name) {
    const auto to_train = table.schemes.find(scheme_name);
    const LabelScheme* s = table.scheme(scheme_name);
    if (!s || to_train == table.schemes.end()) return;
    for (const auto& [id, label] : s->labels) place.emplace(label, to_train->second[id]);
  };
  for (size_t k = 0; k < table.classes.size(); ++k) place.emplace(table.classes[k].name, uint8_t(k));
  add("cityscapes");
  for (const auto& [name, to_train] : table.schemes) add(name);

  LabelTable out;
  out.fill(kIgnore);
  for (const auto& [id, label] : scheme.labels) {
    const auto found = place.find(label);
    if (found == place.end() && !means_nothing(label))
      throw Error(Fault::usage, cat(scheme.name, ": class table ", quote(table.name), " has no place for the label ",
                                    quote(label), " (id ", int(id), "); add it to a class, or call it 'void'"));
    if (found != place.end()) out[id] = found->second;
  }
  return out;
}

}  // namespace segue::data
