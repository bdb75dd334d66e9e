#include "model_choice.h"

#include <filesystem>

#include "runtime/text.h"
#include "train/checkpoints.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

// In the order of preference: a run that averages weights is judged by the average.
constexpr const char* kModelFiles[] = {"ema.safetensors", "model.safetensors"};
constexpr int64_t kMostPx = 16384;

/// The model in the folder of a checkpoint; "" if there is none.
std::string model_in(const std::string& folder) {
  std::error_code error;
  for (const char* name : kModelFiles)
    if (const std::string file = folder + "/" + name; fs::exists(file, error)) return file;
  return "";
}

}  // namespace

std::string weight_file(const std::string& weights_or_run) {
  std::error_code error;
  if (!fs::is_directory(weights_or_run, error)) return weights_or_run;
  if (const std::string file = model_in(weights_or_run); !file.empty()) return file;
  const Checkpoints checkpoints(weights_or_run, 1);
  std::string folder = checkpoints.best();
  if (folder.empty()) folder = checkpoints.last();
  if (folder.empty())
    throw Error(Fault::data, cat("expects a weight file, or the folder of a run with a checkpoint; ",
                                 quote(weights_or_run), " has neither checkpoints/best nor checkpoints/last"));
  const std::string file = model_in(folder);
  if (file.empty()) throw Error(Fault::data, cat("checkpoint ", quote(folder), " holds no ", kModelFiles[1]));
  return file;
}

std::string ModelInUse::description() const {
  const SegmenterInfo& i = open.info;
  return cat(i.arch, ", ", i.classes, i.classes == 1 ? " class" : " classes", ", output stride ", i.output_stride,
             i.width == 1 ? "" : cat(", width ", i.width), i.step > 0 ? cat(", step ", i.step) : "", "; ",
             context->device().name());
}

ModelInUse open_model(const ModelChoice& choice) {
  const std::string& asked = choice.output_stride;
  const int stride = asked == "8" ? 8 : asked == "16" ? 16 : 0;
  if (stride == 0 && asked != "0")
    throw Error(Fault::usage, cat("--output-stride expects 8 or 16; got ", quote(asked)));
  ModelInUse m;
  m.file = weight_file(choice.weights);
  m.context = std::make_unique<Context>(context_options(choice.device));
  m.open = open_segmenter(*m.context, m.file, stride);
  return m;
}

SizeChoice size_option(const char* option, const std::string& text) {
  if (text.empty()) return {};
  const size_t x = text.find('x');
  if (x == std::string::npos)
    throw Error(Fault::usage, cat(option, " expects HxW, height and width in px, such as 512x1024; got ", quote(text)));
  return {integer_option(option, text.substr(0, x), 1, kMostPx),
          integer_option(option, text.substr(x + 1), 1, kMostPx)};
}

std::vector<double> numbers_option(const char* option, const std::string& text, double least, double most) {
  std::vector<double> numbers;
  for (size_t at = 0, comma; at <= text.size(); at = comma + 1) {
    comma = std::min(text.find(',', at), text.size());
    numbers.push_back(number_option(option, text.substr(at, comma - at), least, most));
  }
  return numbers;
}

}  // namespace segue
