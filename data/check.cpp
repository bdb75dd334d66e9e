#include "check.h"

#include <algorithm>
#include <cstring>

#include "file_set.h"
#include "image_file.h"
#include "kernels/error.h"
#include "ordered_work.h"
#include "pack_file.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

constexpr int64_t kAtOnce = 16;

/// What is wrong with the content of one example.
struct Findings {
  ImageSize size;  // of the image
  std::vector<std::string> faults;
};

bool one_color(const ImageView& image) {
  const int64_t n = image.bytes();
  // Every byte equals the one a pixel before it.
  return n > image.channels && std::memcmp(image.px, image.px + image.channels, size_t(n - image.channels)) == 0;
}

void check_label(const ImageView& label, const std::string& name, const LabelScheme& scheme, const LabelTable& table,
                 std::vector<std::string>& faults) {
  std::array<int64_t, 256> px{};
  for (int64_t i = 0; i < label.bytes(); ++i) ++px[label.px[i]];
  int64_t in_classes = 0;
  std::string unknown;
  for (size_t id = 0; id < 256; ++id) {
    if (table[id] != kIgnore) in_classes += px[id];
    if (px[id] > 0 && id != kIgnore && scheme.label(uint8_t(id)).empty())
      unknown += cat(unknown.empty() ? "" : ", ", id, " (", px[id], " px)");
  }
  if (!unknown.empty())
    faults.push_back(
        cat("label ", quote(name), " holds ids that labels of ", quote(scheme.name), " do not have: ", unknown));
  if (in_classes == 0) faults.push_back(cat("label ", quote(name), " has no pixel of any class"));
}

Findings check_files(const ListedExample& e, const Listing& listing, bool labels, ExampleBuffer& buffer) {
  Findings f;
  const auto attempt = [&](const auto& read) {
    try {
      read();
      return true;
    } catch (const Error& error) {
      if (error.fault() != Fault::data && error.fault() != Fault::io) throw;
      f.faults.push_back(error.what());
      return false;
    }
  };
  const bool has_image = attempt([&] { read_image(e.image, buffer.image, buffer.bytes); });
  if (has_image) {
    f.size = {buffer.image.height, buffer.image.width};
    if (one_color(buffer.image.view()))
      f.faults.push_back(cat("image ", quote(e.image), " is of one colour: it shows nothing"));
  }
  if (!labels || !attempt([&] { read_label(e.label, buffer.label, buffer.bytes); })) return f;
  if (has_image && (buffer.label.height != f.size.height || buffer.label.width != f.size.width))
    f.faults.push_back(cat("label ", quote(e.label), " is ", buffer.label.width, "x", buffer.label.height,
                           ", its image ", f.size.width, "x", f.size.height));
  check_label(buffer.label.view(), e.label, listing.scheme, listing.table, f.faults);
  return f;
}

/// Runs `one` over all examples and gathers what it finds.
template <class One>
void gather(int64_t n, const One& one, const std::function<std::string(int64_t)>& origin, DataReport& report,
            const std::function<void(int64_t, int64_t)>& progress, const std::function<void(const DataFault&)>& found) {
  std::vector<ExampleBuffer> buffers(static_cast<size_t>(kAtOnce));
  std::vector<Findings> findings(static_cast<size_t>(kAtOnce));
  ordered_work(
      n, kAtOnce, [&](int64_t i, int64_t slot) { findings[size_t(slot)] = one(i, buffers[size_t(slot)]); },
      [&](int64_t i, int64_t slot) {
        const Findings& f = findings[size_t(slot)];
        for (const std::string& what : f.faults) {
          report.faults.push_back({origin(i), what});
          if (found) found(report.faults.back());
        }
        if (f.size.height > 0) {
          const bool first = report.most_height == 0;
          report.least_height = first ? f.size.height : std::min(report.least_height, f.size.height);
          report.least_width = first ? f.size.width : std::min(report.least_width, f.size.width);
          report.most_height = std::max(report.most_height, f.size.height);
          report.most_width = std::max(report.most_width, f.size.width);
        }
        if (progress) progress(i + 1, n);
      });
  report.examples = n;
}

}  // namespace

DataReport check_data(const std::string& text, const ClassTable& classes, const DataOptions& options,
                      const std::function<void(int64_t, int64_t)>& progress,
                      const std::function<void(const DataFault&)>& found) {
  const DataSpec spec = parse_data_spec(text);
  DataReport report;
  if (spec.kind == "pack") {
    const auto pack = open_data(text, classes, options);
    const auto one = [&](int64_t i, ExampleBuffer& buffer) {
      Findings f;
      try {
        const Example e = pack->read(i, buffer);
        f.size = {e.image.height, e.image.width};
        if (one_color(e.image))
          f.faults.push_back(cat("image ", quote(pack->origin(i)), " is of one colour: it shows nothing"));
        if (e.label) check_label(e.label, pack->origin(i), *pack->scheme(), *e.table, f.faults);
      } catch (const Error& error) {
        f.faults.push_back(error.what());
      }
      return f;
    };
    gather(
        pack->size(), one, [&](int64_t i) { return pack->origin(i); }, report, progress, found);
    return report;
  }
  const Listing listing = list_data(spec, classes, options);
  const auto all = [&](const std::vector<std::string>& files, const char* before, const char* behind) {
    for (const std::string& file : files) {
      report.faults.push_back({file, cat(before, quote(file), behind)});
      if (found) found(report.faults.back());
    }
  };
  all(listing.unlabelled, "image ", " has no label");
  all(listing.imageless, "label ", " has no image");
  all(listing.doubled, "", " has the name of another file; extensions do not count");
  all(listing.broken, "image ",
      " is known to be broken: it shows nothing, though its label is good; training leaves it out");
  if (listing.examples.empty() && report.faults.empty())
    open_files(spec, listing, options);  // throws: nothing is there
  gather(
      int64_t(listing.examples.size()),
      [&](int64_t i, ExampleBuffer& buffer) {
        return check_files(listing.examples[size_t(i)], listing, options.need_labels, buffer);
      },
      [&](int64_t i) { return listing.examples[size_t(i)].image; }, report, progress, found);
  return report;
}

}  // namespace segue::data
