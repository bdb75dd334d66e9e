#include "data_set.h"

#include "data_spec.h"
#include "file_set.h"
#include "kernels/error.h"
#include "pack_file.h"
#include "runtime/text.h"

namespace segue::data {

std::shared_ptr<const DataSet> open_data(const std::string& text, const ClassTable& classes,
                                         const DataOptions& options) {
  const DataSpec spec = parse_data_spec(text);
  if (spec.kind == "pack") {
    for (const auto& [option, value] : spec.options)
      throw Error(Fault::usage, cat("data ", quote(spec.text), ": a pack takes no options; got ", quote(option)));
    return open_pack(spec.path, classes, options);
  }
  return open_files(spec, list_data(spec, classes, options), options);
}

std::vector<DataShare> open_mix(const std::string& text, const ClassTable& classes, const DataOptions& options) {
  const std::vector<MixPart> parts = parse_data_mix(text);
  std::vector<DataShare> mix;
  double given = 0, unnumbered = 0;  // shares; examples of sets without one
  for (const MixPart& p : parts) {
    mix.push_back({p.share, open_data(p.spec, classes, options)});
    given += p.share;
    if (p.share == 0) unnumbered += double(mix.back().set->size());
  }
  if (unnumbered > 0 && given >= 1)
    throw Error(Fault::usage, cat("data ", quote(text),
                                  ": expects shares that add up to less than 1, since a set without "
                                  "a share takes the rest; got ",
                                  given));
  for (size_t i = 0; i < mix.size(); ++i) {
    if (unnumbered == 0)
      mix[i].share /= given;
    else if (parts[i].share == 0)
      mix[i].share = (1 - given) * double(mix[i].set->size()) / unnumbered;
  }
  return mix;
}

}  // namespace segue::data
