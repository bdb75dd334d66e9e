#include "pseudo_summary.h"

#include "kernels/error.h"
#include "runtime/json.h"
#include "runtime/text.h"

namespace segue {
namespace {

constexpr int64_t kFormat = 1;

double kept_share(int64_t kept, int64_t predicted) { return predicted > 0 ? double(kept) / double(predicted) : 0; }

PseudoClass class_of(const Json& v) {
  PseudoClass k{v.text("name"), v.number("threshold"), v.integer("predicted_px"), v.integer("kept_px"), {}};
  int64_t counted = 0;
  for (const Json& n : v.at("histogram").elements()) {
    k.histogram.push_back(n.integer());
    if (k.histogram.back() < 0 || k.histogram.back() > k.predicted_px - counted)
      throw Error(Fault::data, cat("class ", quote(k.name), ": expects bins that add up to at most predicted_px = ",
                                   k.predicted_px, "; they do not"));
    counted += k.histogram.back();
  }
  if (!(k.threshold >= 0 && k.threshold <= 1) || k.kept_px < 0 || k.kept_px > k.predicted_px)
    throw Error(Fault::data,
                cat("class ", quote(k.name), ": expects 0 <= threshold <= 1 and 0 <= kept_px <= predicted_px; ", "got ",
                    k.threshold, ", ", k.kept_px, ", ", k.predicted_px));
  return k;
}

}  // namespace

int64_t PseudoSummary::predicted_px() const {
  int64_t sum = 0;
  for (const PseudoClass& k : classes) sum += k.predicted_px;
  return sum;
}

int64_t PseudoSummary::kept_px() const {
  int64_t sum = 0;
  for (const PseudoClass& k : classes) sum += k.kept_px;
  return sum;
}

std::string pseudo_text(const PseudoSummary& summary) {
  Json classes = Json::array();
  for (const PseudoClass& k : summary.classes) {
    Json histogram = Json::array();
    for (const int64_t n : k.histogram) histogram.push(n);
    classes.push(Json::object()
                     .set("name", k.name)
                     .set("threshold", k.threshold)
                     .set("predicted_px", k.predicted_px)
                     .set("kept_px", k.kept_px)
                     .set("kept_share", kept_share(k.kept_px, k.predicted_px))
                     .set("histogram", histogram));
  }
  return Json::object()
             .set("format", kFormat)
             .set("images", summary.images)
             .set("predicted_px", summary.predicted_px())
             .set("kept_px", summary.kept_px())
             .set("kept_share", kept_share(summary.kept_px(), summary.predicted_px()))
             .set("classes", classes)
             .dump(true) +
         "\n";
}

PseudoSummary parse_pseudo(const std::string& text, const std::string& name) {
  const Json file = Json::parse(text, name);
  try {
    if (const int64_t format = file.integer("format"); format != kFormat)
      throw Error(Fault::data, cat("expects a summary of pseudo-labels of format ", kFormat, "; got ", format));
    PseudoSummary summary{file.integer("images"), {}};
    constexpr int64_t kMost = int64_t(1) << 54;  // 255 classes of so many px still add up
    for (const Json& k : file.at("classes").elements()) {
      summary.classes.push_back(class_of(k));
      const PseudoClass& last = summary.classes.back();
      if (last.predicted_px > kMost || summary.classes.size() > 255 ||
          last.histogram.size() != summary.classes[0].histogram.size())
        throw Error(Fault::data,
                    "expects at most 255 classes with equally many bins and countable pixels; they are not");
    }
    return summary;
  } catch (const Error& e) {
    throw Error(Fault::data, cat(plain_text(name), ": ", e.what()));
  }
}

}  // namespace segue
