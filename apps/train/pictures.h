// Pictures of what a model does, for samples/ and TensorBoard.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/class_table.h"
#include "data/image.h"
#include "runtime/context.h"
#include "train_task.h"

namespace segue {

/// (1,H,W,3) in the step arena: (image / 255 - mean) / std.
Tensor network_input(Context& c, const data::Image& rgb, const std::array<float, 3>& mean,
                     const std::array<float, 3>& std);
/// And back: (1,H,W,3) -> an image, rounded and cut off at 0 and 255.
data::Image image_of(const Tensor& x, const std::array<float, 3>& mean, const std::array<float, 3>& std);
/// Train ids in their colours.
data::Image colored(const data::ImageView& train_ids, const data::ClassTable& classes);
/// Images of equal height beside each other.
data::Image beside(const std::vector<data::Image>& parts);
/// Height and width of an image at most `most` px on its longer side, of the same shape, multiples of 4.
std::array<int64_t, 2> shown_size(const data::ImageView& image, int64_t most);
Picture picture_of(const std::string& name, const data::Image& rgb);

}  // namespace segue
