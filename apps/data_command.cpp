// segue data: what is in a data set, what is wrong with it, and the set as one file that training maps into memory.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

#include "commands.h"
#include "data/check.h"
#include "data/data_spec.h"
#include "data/image_file.h"
#include "data/pack_file.h"
#include "data_stats.h"
#include "kernels/error.h"
#include "runtime/text.h"
#include "work_progress.h"

namespace segue {
namespace {

std::string counted(int64_t n, const char* one, const char* several) {
  return cat(count_text(uint64_t(n)), " ", n == 1 ? one : several);
}

void check(const DataCommand& command, const data::ClassTable& classes, const data::DataOptions& options) {
  int64_t listed = 0;
  data::DataReport report;
  {
    std::unique_ptr<WorkProgress> progress;
    report = data::check_data(
        command.spec, classes, options,
        [&](int64_t done, int64_t all) {
          if (!progress) progress = std::make_unique<WorkProgress>("checking", all);
          progress->at(done);
        },
        [&](const data::DataFault& f) {
          ++listed;
          if (progress) progress->clear();
          std::cout << f.what << '\n';
        });
  }
  std::string sizes;
  if (report.most_height > 0) {
    sizes = cat(", ", report.least_width, "x", report.least_height);
    if (report.least_width != report.most_width || report.least_height != report.most_height)
      sizes += cat(" to ", report.most_width, "x", report.most_height);
    sizes += " px";
  }
  std::cout << counted(report.examples, "example", "examples") << sizes << ", " << counted(listed, "fault", "faults")
            << '\n';
  if (listed > 0)
    throw Error(Fault::data, cat("data ", quote(command.spec), " has ", counted(listed, "fault", "faults"), " in ",
                                 counted(report.examples, "example", "examples")));
}

/// "640x360" as width and height.
data::ImageSize parse_size(const std::string& text) {
  int64_t width = 0, height = 0;
  char x = 0, more = 0;
  if (std::sscanf(text.c_str(), "%7ld%c%7ld%c", &width, &x, &height, &more) != 3 || x != 'x' || width < 1 || height < 1)
    throw Error(Fault::usage, cat("option '--size' expects WIDTHxHEIGHT in px, such as 1024x512; got ", quote(text)));
  return {height, width};
}

/// The size that all images have, or the error that says how to give one.
data::ImageSize common_size(const std::string& spec, const data::DataSet& set) {
  if (data::parse_data_spec(spec).kind == "pack") {
    data::ExampleBuffer buffer;
    const data::Example e = set.read(0, buffer);
    return {e.image.height, e.image.width};
  }
  data::ImageSize common;
  for (int64_t i = 0; i < set.size(); ++i) {
    const data::ImageSize size = data::image_size(set.origin(i));
    if (i > 0 && !(size == common))
      throw Error(Fault::usage, cat("images have several sizes: ", quote(set.origin(0)), " is ", common.width, "x",
                                    common.height, ", ", quote(set.origin(i)), " ", size.width, "x", size.height,
                                    "; a pack has one: give --size WIDTHxHEIGHT"));
    common = size;
  }
  return common;
}

void pack(const DataCommand& command, const data::ClassTable& classes, const data::DataOptions& options) {
  const auto set = data::open_data(command.spec, classes, options);
  const data::ImageSize size = command.size.empty() ? common_size(command.spec, *set) : parse_size(command.size);
  WorkProgress progress("packing", set->size());
  data::write_pack(*set, size, command.output, [&](int64_t done, int64_t) { progress.at(done); });
  std::error_code ignored;
  std::cout << plain_text(command.output) << ": " << counted(set->size(), "example", "examples")
            << (set->labelled() ? "" : " without labels") << ", " << size.width << "x" << size.height << " px, "
            << bytes_text(std::filesystem::file_size(command.output, ignored)) << '\n';
  const std::string warnings = set->warnings();
  if (!warnings.empty()) progress.say(cat("segue: warning: ", warnings));
}

}  // namespace

void run_data(const DataCommand& command) {
  const data::ClassTable classes = data::load_class_table(command.classes);
  data::DataOptions options;
  options.split = data::choose_split(command.spec, command.split, "");
  options.need_labels = !command.images;
  if (command.action == "check") return check(command, classes, options);
  if (command.action == "pack") return pack(command, classes, options);
  print_data_stats(command.spec, classes, options, command.png, command.json);
}

}  // namespace segue
