#include <algorithm>
#include <array>

#include "html.h"
#include "kernels/error.h"
#include "sections.h"

namespace segue::report {
namespace {

std::string picture(const EmbeddedImage& image, const std::string& alt, bool ids) {
  return cat("<img src=\"", image.address, "\" width=\"", image.width, "\" height=\"", image.height, "\"",
             ids ? " class=\"ids\"" : "", attribute("alt", alt), "/>");
}

std::string figure(const std::string& pictures, const std::string& caption) {
  return cat("<figure>", pictures, "<figcaption>", caption, "</figcaption></figure>\n");
}

struct Shown {
  std::string title;
  const Example* example;
};

/// What the scored models made of image number `i`: those whose example is of the same image.
std::vector<Shown> shown_of(const RunData& run, const std::string& name) {
  std::vector<Shown> all;
  const auto add = [&](const std::string& title, const RunFiles& files) {
    for (const Example& e : files.examples)
      if (e.name == name && e.prediction) {
        all.push_back({title, &e});
        return;
      }
  };
  add(cat("step ", run.files.step), run.files);
  for (const Stage& s : run.stages) add(s.record.title, s.files);
  return all;
}

std::vector<std::string> names_of(const RunData& run) {
  std::vector<std::string> names;
  const auto add = [&](const RunFiles& files) {
    for (const Example& e : files.examples)
      if (e.prediction && std::find(names.begin(), names.end(), e.name) == names.end()) names.push_back(e.name);
  };
  add(run.files);
  for (const Stage& s : run.stages) add(s.files);
  return names;
}

std::string legend(const RunData& run) {
  const auto key = [](const std::array<uint8_t, 3>& rgb, const std::string& what) {
    return cat("<span>", swatch(rgb), escaped(what), "</span> ");
  };
  std::string html = "<div class=\"legend\">";
  for (const ClassLook& k : classes_of(run))
    if (k.rgb) html += key(*k.rgb, k.name);
  return cat(html, "</div>\n<div class=\"legend\">", key(kRightColor, "right"), key(kWrongColor, "wrong"),
             key(kOutsideColor, "without label"), "</div>\n");
}

/// Columns such that rows are even: six pictures stand in two rows of three.
size_t columns_for(size_t pictures) {
  return pictures == 5 || pictures <= 4 ? std::max<size_t>(3, pictures) : pictures == 6 ? 3 : 4;
}

std::string predictions(const RunData& run) {
  std::string html;
  for (const std::string& name : names_of(run)) {
    const std::vector<Shown> shown = shown_of(run, name);
    std::string first;
    const Example& any = *shown[0].example;
    if (any.image) first += picture(*any.image, "image " + name, false);
    if (any.label) first += picture(*any.label, "label of " + name, true);
    html += cat("<h3>", escaped(name), "</h3>\n<div class=\"pictures n", columns_for(shown.size() + !first.empty()),
                "\">\n");
    if (!first.empty()) html += figure(first, any.label ? "Image and label" : "Image");
    for (const Shown& s : shown) {
      std::string pictures = picture(*s.example->prediction, cat("prediction for ", name, ", ", s.title), true);
      if (s.example->errors) pictures += picture(*s.example->errors, cat("errors in ", name, ", ", s.title), true);
      html += figure(pictures,
                     escaped(s.title) + (s.example->right ? cat(": ", percent(*s.example->right), " % right") : ""));
    }
    html += "</div>\n";
  }
  if (html.empty()) return "";
  return cat(
      "<p class=\"soft\">Above: what is predicted, in the colours of the classes. Below: where that is wrong.</p>\n",
      legend(run), html);
}

std::string translations(const RunData& run) {
  std::string html;
  const auto add = [&](const RunFiles& files) {
    for (const Example& e : files.examples)
      if (e.image && e.translation)
        html += figure(picture(*e.image, "source image " + e.name, false) +
                           picture(*e.translation, "translation of " + e.name, false),
                       escaped(e.name));
  };
  add(run.files);
  for (const Stage& s : run.stages) add(s.files);
  if (html.empty()) return "";
  return cat(
      "<h3>Translations</h3>\n<p class=\"soft\">Source image above, in the target's style below. Labels stay what they "
      "are.</p>\n",
      "<div class=\"pictures\">\n", html, "</div>\n");
}

/// Pictures that training itself has saved.
std::string samples(const RunFiles& files, const std::string& title) {
  if (files.samples.empty()) return "";
  std::string html;
  const char* order = files.task == "segment" ? "<p class=\"soft\">From the left: image, label, prediction.</p>\n"
                      : files.task == "translate"
                          ? "<p class=\"soft\">From the left: image, translated, and back again.</p>\n"
                          : "";
  for (const Sample& s : files.samples)
    html += figure(picture(s.image, cat("sample ", s.name, " at step ", s.step), false),
                   cat(escaped(s.name), ", step ", s.step));
  return cat("<h3>", escaped(title), "</h3>\n", order, "<div class=\"pictures large\">\n", html, "</div>\n");
}

}  // namespace

std::string examples_section(const RunData& run) {
  std::string html = predictions(run) + translations(run) + samples(run.files, "Samples of the training");
  for (const Stage& s : run.stages)
    if (s.files.examples.empty()) html += samples(s.files, "Samples: " + s.record.title);
  return html;
}

}  // namespace segue::report
