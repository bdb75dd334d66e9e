#include "batch_feed.h"

#include <cstring>

namespace segue::data {
namespace {

constexpr size_t kAlignment = 256;

size_t label_offset(const StoredBatch& b) {
  return (size_t(b.images.bytes()) + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

BatchFeed::BatchFeed(Context& c, const std::string& name, Loader& loader, const kernels::ImageInOptions& input)
    : loader_(loader),
      input_(c, name,
             {.samples = loader.options().batch,
              .height = loader.options().augment.height,
              .width = loader.options().augment.width,
              .input = input}) {
  const LoaderOptions& o = loader.options();
  const int64_t n = o.batch, h = o.augment.height, w = o.augment.width;
  stored_.images = c.persistent({n, h, w, 3}, DType::u8, "batch_feed");
  if (loader.labelled()) stored_.labels = c.persistent({n, h, w}, DType::u8, "batch_feed");
  staging_ = c.device().staging(label_offset(stored_) + (stored_.labels ? size_t(stored_.labels.bytes()) : 0));
}

void BatchFeed::send() {
  const HostBatch& batch = loader_.next();
  std::byte* const host = staging_->host();
  std::memcpy(host, batch.images.data(), batch.images.size());
  if (stored_.labels) std::memcpy(host + label_offset(stored_), batch.labels.data(), batch.labels.size());
  staging_->send();
  sent_step_ = batch.step;
  sent_plans_ = batch.plans;
  sent_draws_ = batch.draws;
}

void BatchFeed::next() {
  if (sent_step_ < 0) send();
  const Staging::Part images{stored_.images.data(), 0, size_t(stored_.images.bytes())};
  if (stored_.labels)
    staging_->deliver({images, {stored_.labels.data(), label_offset(stored_), size_t(stored_.labels.bytes())}});
  else
    staging_->deliver({images});
  step_ = sent_step_;
  sent_step_ = -1;
  plans_.swap(sent_plans_);
  draws_.swap(sent_draws_);
  for (size_t i = 0; i < plans_.size(); ++i) input_.plan(int64_t(i), plans_[i]);
  if (loader_.ready()) send();
}

void BatchFeed::seek(int64_t step) {
  if (sent_step_ == step) return;
  if (sent_step_ >= 0) staging_->deliver({});
  sent_step_ = -1;
  loader_.seek(step);
}

}  // namespace segue::data
