#include "initial_weights.h"

#include "runtime/safetensors.h"
#include "runtime/text.h"

namespace segue {

std::string load_initial_weights(Network& network, const std::string& path, const std::string& backbone) {
  std::vector<NamedTensor> tensors = network.named_tensors();
  const SafeTensors file(path);
  const bool classifier = file.find("conv1.weight") && file.find("fc.weight");
  if (classifier) {
    std::vector<NamedTensor> body;
    for (NamedTensor& t : tensors) {
      if (t.name.rfind(backbone, 0) != 0) continue;
      t.name = t.name.substr(backbone.size());
      body.push_back(t);
    }
    tensors = std::move(body);
  }
  const LoadReport report = load_weights(path, tensors, {.strict = false, .skip_mismatched = true});
  for (const std::vector<std::string>* names : {&report.missing, &report.mismatched})
    for (const std::string& name : *names)
      if (classifier || name.rfind(backbone, 0) == 0)
        throw Error(Fault::data, cat("weights ", quote(path), ": tensor ", quote(name), " of the backbone is ",
                                     names == &report.missing ? "missing" : "of another shape",
                                     "; expects weights of this architecture and model.width"));
  return cat("initial weights: ", path, classifier ? ", an ImageNet classifier, as backbone: " : ": ",
             report.summary());
}

}  // namespace segue
