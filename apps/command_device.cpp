#include "command_device.h"

#include <charconv>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

template <class T>
T parse(const char* option, const std::string& text, T least, T most, const char* kind) {
  T value{};
  const auto r = std::from_chars(text.data(), text.data() + text.size(), value);
  if (r.ec != std::errc() || r.ptr != text.data() + text.size() || !(value >= least && value <= most))
    throw Error(Fault::usage, cat(option, " expects ", kind, " from ", least, " to ", most, "; got ", quote(text)));
  return value;
}

}  // namespace

int64_t integer_option(const char* option, const std::string& text, int64_t least, int64_t most) {
  return parse(option, text, least, most, "a whole number");
}

double number_option(const char* option, const std::string& text, double least, double most) {
  return parse(option, text, least, most, "a number");
}

Context::Options context_options(const DeviceChoice& choice) {
  const auto refuse = [](const char* option, const char* expected, const std::string& got,
                         const std::vector<std::string>& known) {
    throw Error(Fault::usage, cat(option, " expects ", expected, "; got ", quote(got), did_you_mean(got, known)));
  };
  Context::Options o;
  o.threads = int(integer_option("--threads", choice.threads, 0, 1024));
  if (choice.device != "auto" && choice.device != "cpu" && choice.device != "cuda")
    refuse("--device", "auto, cpu or cuda", choice.device, {"auto", "cpu", "cuda"});
  const bool cuda = choice.device == "cuda" || (choice.device == "auto" && cuda_problem().empty());
  o.device = cuda ? DeviceType::cuda : DeviceType::cpu;
  bool known = false;
  for (const Precision p : {Precision::f32, Precision::tf32, Precision::bf16, Precision::fp16})
    if (choice.precision == name_of(p)) o.precision = p, known = true;
  if (!known) refuse("--precision", "f32, tf32, bf16 or fp16", choice.precision, {"f32", "tf32", "bf16", "fp16"});
  if (!cuda && o.precision != Precision::f32)
    throw Error(Fault::usage, cat("--precision ", choice.precision, ": the cpu computes in f32",
                                  choice.device == "auto" ? cat("; no CUDA device: ", cuda_problem()) : ""));
  return o;
}

}  // namespace segue
