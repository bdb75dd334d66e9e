#include "pictures.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "data/png_file.h"

namespace segue {

Tensor network_input(Context& c, const data::Image& rgb, const std::array<float, 3>& mean,
                     const std::array<float, 3>& std) {
  const Tensor x = c.image({1, rgb.height, rgb.width, 3}, "picture");
  std::vector<float> values(rgb.px.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = (float(rgb.px[i]) / 255 - mean[i % 3]) / std[i % 3];
  from_host(x, values);
  return x;
}

data::Image image_of(const Tensor& x, const std::array<float, 3>& mean, const std::array<float, 3>& std) {
  data::Image rgb(x.shape()[1], x.shape()[2], 3);
  const std::vector<float> values = to_host(x);
  for (size_t i = 0; i < rgb.px.size(); ++i)
    rgb.px[i] = uint8_t(std::lround(std::clamp((values[i] * std[i % 3] + mean[i % 3]) * 255, 0.f, 255.f)));
  return rgb;
}

data::Image colored(const data::ImageView& train_ids, const data::ClassTable& classes) {
  data::Image rgb(train_ids.height, train_ids.width, 3);
  for (int64_t i = 0; i < train_ids.bytes(); ++i) {
    const std::array<uint8_t, 3> color = classes.color(train_ids.px[i]);
    std::copy(color.begin(), color.end(), rgb.px.begin() + 3 * i);
  }
  return rgb;
}

data::Image beside(const std::vector<data::Image>& parts) {
  int64_t width = 0;
  for (const data::Image& p : parts) width += p.width;
  data::Image all(parts.at(0).height, width, 3);
  for (int64_t y = 0; y < all.height; ++y) {
    uint8_t* to = all.row(y);
    for (const data::Image& p : parts) {
      require(p.height == all.height, "pictures", "expects images of height ", all.height, "; got ", p.height);
      std::memcpy(to, p.row(y), size_t(3 * p.width));
      to += 3 * p.width;
    }
  }
  return all;
}

std::array<int64_t, 2> shown_size(const data::ImageView& image, int64_t most) {
  const double factor = std::min(1.0, double(most) / double(std::max(image.height, image.width)));
  const auto side = [&](int64_t px) { return std::max<int64_t>(32, std::llround(double(px) * factor) / 4 * 4); };
  return {side(image.height), side(image.width)};
}

Picture picture_of(const std::string& name, const data::Image& rgb) {
  return {name, data::encode_png(rgb.view()), rgb.height, rgb.width};
}

}  // namespace segue
