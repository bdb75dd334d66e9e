// The losses against their formulas in float64: values, and gradients against differences of the formula.
#include <gtest/gtest.h>

#include "losses/consistency.h"
#include "losses/cycle.h"
#include "losses/entropy.h"
#include "losses/segmentation.h"
#include "tests/cases/label_reference.h"
#include "tests/cases/xent_reference.h"
#include "tests/check_case.h"

namespace segue {
namespace {

using cases::Array;
using cases::constant;
using cases::tensor_of;
using cases::uniform;
using Formula = std::function<double(const std::vector<Array>&)>;
using Loss = std::function<Tensor(Context&, std::vector<Tensor>&)>;

Array host(const Tensor& t) {
  Array a(t.shape());
  const std::vector<float> v = to_host(t);
  a.v.assign(v.begin(), v.end());
  return a;
}

/// Value and gradients of `loss` are those of `formula`, and nothing is left in the step arena. K: the longest sum.
void expect_loss(Context& c, std::vector<Array> x, const Loss& loss, const Formula& formula, int64_t longest_sum) {
  c.begin_step(0);
  {
    std::vector<Tensor> t;
    for (const Array& a : x) {
      t.push_back(tensor_of(c, a, DType::f32));
      c.require_grad(t.back());
    }
    const Tensor y = loss(c, t);
    const testing::Tolerance tolerance(DType::f32, longest_sum);
    testing::expect_close(host(y), constant({}, formula(x)), tolerance, 0, "loss");
    c.backward(y);
    for (size_t i = 0; i < x.size(); ++i) {
      Array want(x[i].shape);
      for (int64_t j = 0; j < want.count(); ++j) {
        const double at = x[i][j], h = 1e-4;
        const auto f = [&](double step) {
          x[i][j] = at + step;
          return formula(x);
        };
        want[j] = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
        x[i][j] = at;
      }
      ASSERT_TRUE(bool(c.grad(t[i]))) << "no gradient at input " << i;
      testing::expect_close(host(c.grad(t[i])), want, tolerance, 0, "gradient " + std::to_string(i));
    }
  }
  c.end_step();
}

std::vector<double> softmax_of(const Array& z, int64_t pixel) {
  const int64_t classes = z.shape.channels();
  std::vector<double> p(size_t(classes), 0.0);
  double sum = 0;
  for (int64_t k = 0; k < classes; ++k) sum += std::exp(z[pixel * classes + k]);
  for (int64_t k = 0; k < classes; ++k) p[size_t(k)] = std::exp(z[pixel * classes + k]) / sum;
  return p;
}

double score_formula(const Array& s, double want, GanLoss kind) {
  double sum = 0;
  for (double v : s.v)
    sum += kind == GanLoss::lsgan ? (v - want) * (v - want) : std::log1p(std::exp(-v)) + (1 - want) * v;
  return sum / double(s.count());
}

double l1_formula(const Array& a, const Array& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.count(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / double(a.count());
}

class Losses : public ::testing::Test {
 protected:
  Context c;
};

struct Pixels {
  Array labels = cases::labels_of({2, 12, 16}, 5, cases::LabelKind::plain);
  Array weights = uniform({2, 12, 16}, 0, 1, 3);
  Array class_weights = uniform({5}, 0.5, 2, 4);

  double xent(const Array& logits, bool weighted, Normalizer normalizer) const {
    const Array none, &w = weighted ? weights : none, &k = weighted ? class_weights : none;
    return cases::xent(cases::upsampled(logits, 12, 16), labels, w, k, cases::inv_norm_of(labels, w, k, 5, normalizer))
        .loss;
  }
};

TEST_F(Losses, SegmentationWithAuxiliaryHead) {
  const Pixels p;
  expect_loss(
      c, {uniform({2, 3, 4, 5}, -3, 3, 1), uniform({2, 2, 2, 5}, -3, 3, 2)},
      [&](Context& c, std::vector<Tensor>& x) {
        return segmentation_loss(c, x[0], x[1], {.labels = tensor_of(c, p.labels, DType::u8)}, 0.4f);
      },
      [&](const std::vector<Array>& x) {
        return p.xent(x[0], false, Normalizer::valid) + double(0.4f) * p.xent(x[1], false, Normalizer::valid);
      },
      p.labels.count());
}

TEST_F(Losses, SegmentationWithWeights) {
  const Pixels p;
  expect_loss(
      c, {uniform({2, 3, 4, 5}, -3, 3, 1)},
      [&](Context& c, std::vector<Tensor>& x) {
        const SegmentationTarget target{.labels = tensor_of(c, p.labels, DType::u8),
                                        .weights = tensor_of(c, p.weights, DType::f32),
                                        .class_weights = tensor_of(c, p.class_weights, DType::f32),
                                        .options = {.normalizer = Normalizer::weights}};
        return segmentation_loss(c, x[0], Tensor(), target, 0.4f);
      },
      [&](const std::vector<Array>& x) { return p.xent(x[0], true, Normalizer::weights); }, p.labels.count());
}

TEST_F(Losses, MixedBatchIsAMeanOverAllPixels) {
  Pixels p;
  p.class_weights = constant({5}, 1);
  expect_loss(
      c, {uniform({2, 3, 4, 5}, -3, 3, 1)},
      [&](Context& c, std::vector<Tensor>& x) {
        return segmentation_loss(c, x[0],
                                 mixed_target(tensor_of(c, p.labels, DType::u8), tensor_of(c, p.weights, DType::f32)));
      },
      [&](const std::vector<Array>& x) { return p.xent(x[0], true, Normalizer::all); }, p.labels.count());
}

TEST_F(Losses, ABatchWithoutValidPixelsGivesZeroAndZeroGradients) {
  for (Normalizer n : {Normalizer::valid, Normalizer::weights, Normalizer::all}) {
    c.begin_step(0);
    {
      Tensor logits = tensor_of(c, uniform({1, 3, 3, 5}, -3, 3), DType::f32);
      c.require_grad(logits);
      const Tensor y = segmentation_loss(
          c, logits, {.labels = tensor_of(c, constant({1, 12, 12}, 255), DType::u8), .options = {.normalizer = n}});
      EXPECT_EQ(to_host(y)[0], 0.f);
      c.backward(y);
      for (float g : to_host(c.grad(logits))) EXPECT_EQ(g, 0.f);
    }
    c.end_step();
  }
}

TEST_F(Losses, ABadLabelEndsTheRunWhenTheStatusIsRead) {
  c.begin_step(0);
  {
    const Tensor logits = tensor_of(c, uniform({1, 3, 3, 5}, -3, 3), DType::f32);
    Array labels = constant({1, 12, 12}, 2);
    const Tensor good = segmentation_loss(c, logits, {.labels = tensor_of(c, labels, DType::u8)});
    EXPECT_NO_THROW(c.check_status());
    labels[7] = 255;
    const Tensor ignored = segmentation_loss(c, logits, {.labels = tensor_of(c, labels, DType::u8)});
    EXPECT_NO_THROW(c.check_status());
    labels[7] = 5;
    const Tensor bad = segmentation_loss(c, logits, {.labels = tensor_of(c, labels, DType::u8)});
    EXPECT_EQ(to_host(bad)[0], to_host(ignored)[0]);
    EXPECT_NE(to_host(bad)[0], to_host(good)[0]);
    try {
      c.check_status();
      ADD_FAILURE() << "a bad label went unseen";
    } catch (const Error& e) {
      EXPECT_EQ(e.fault(), Fault::data);
    }
    EXPECT_NO_THROW(c.check_status());
  }
  c.end_step();
}

TEST_F(Losses, ScoresOfBothSides) {
  for (GanLoss kind : {GanLoss::lsgan, GanLoss::bce}) {
    const std::vector<Array> scores{uniform({2, 3, 4, 1}, -3, 3, 1), uniform({1, 5, 4, 1}, -3, 3, 2)};
    expect_loss(
        c, scores, [=](Context& c, std::vector<Tensor>& x) { return discriminator_loss(c, x[0], x[1], kind); },
        [=](const std::vector<Array>& x) {
          return 0.5 * score_formula(x[0], 0, kind) + 0.5 * score_formula(x[1], 1, kind);
        },
        24);
    for (float want : {kReal, kFake})
      expect_loss(
          c, {scores[0]}, [=](Context& c, std::vector<Tensor>& x) { return score_loss(c, x[0], want, kind); },
          [=](const std::vector<Array>& x) { return score_formula(x[0], double(want), kind); }, 24);
  }
}

TEST_F(Losses, DiscriminatorsSeeProbabilitiesOrInformation) {
  for (DomainInput kind : {DomainInput::probabilities, DomainInput::information})
    for (int64_t height : {3, 7}) {
      const Array direction = uniform({2, height, 8, 5}, -1, 1, 9);  // the loss: distance to it
      expect_loss(
          c, {uniform({2, 3, 8, 5}, -3, 3)},
          [&](Context& c, std::vector<Tensor>& x) {
            return lsgan(c, add(c, domain_input(c, x[0], height, 8, kind), tensor_of(c, direction, DType::f32)), 0.f);
          },
          [&](const std::vector<Array>& x) {
            const Array z = cases::upsampled(x[0], height, 8);
            double sum = 0;
            for (int64_t p = 0; p < z.shape.pixels(); ++p) {
              const std::vector<double> q = softmax_of(z, p);
              for (size_t k = 0; k < 5; ++k) {
                const double seen = kind == DomainInput::probabilities ? q[k] : -q[k] * std::log(q[k]) / std::log(5.0);
                sum += std::pow(seen + direction[p * 5 + int64_t(k)], 2);
              }
            }
            return sum / double(z.count());
          },
          2 * height * 8);
    }
}

TEST_F(Losses, ADiscriminatorStepSendsNothingToTheSegmenter) {
  c.begin_step(0);
  {
    Tensor logits = tensor_of(c, uniform({1, 3, 3, 5}, -3, 3), DType::f32);
    c.require_grad(logits);
    const Tensor seen = domain_input(c, logits.detach(), 6, 6, DomainInput::information);
    const Tensor loss = discriminator_loss(c, seen, seen, GanLoss::bce);
    EXPECT_EQ(c.tape().size(), 0u);
    EXPECT_FALSE(bool(loss.cell()));
    EXPECT_THROW(domain_input(c, tensor_of(c, constant({3, 3, 5}, 0), DType::f32), 6, 6, DomainInput::probabilities),
                 Error);
    EXPECT_THROW(domain_input(c, tensor_of(c, constant({1, 3, 3, 1}, 0), DType::f32), 3, 3, DomainInput::information),
                 Error);
  }
  c.end_step();
}

TEST_F(Losses, EntropyIsAShareOfTheLargest) {
  expect_loss(
      c, {uniform({2, 3, 4, 7}, -3, 3)}, [](Context& c, std::vector<Tensor>& x) { return entropy_loss(c, x[0]); },
      [](const std::vector<Array>& x) {
        double sum = 0;
        for (int64_t p = 0; p < x[0].shape.pixels(); ++p)
          for (double q : softmax_of(x[0], p)) sum -= q * std::log(q);
        return sum / double(x[0].shape.pixels()) / std::log(7.0);
      },
      24);
  {
    Array sure = constant({1, 2, 2, 7}, -100);
    for (int64_t p = 0; p < 4; ++p) sure[p * 7 + p] = 100;
    EXPECT_EQ(to_host(entropy_loss(c, tensor_of(c, sure, DType::f32)))[0], 0.f);
    EXPECT_NEAR(to_host(entropy_loss(c, tensor_of(c, constant({1, 2, 2, 7}, 3), DType::f32)))[0], 1, 1e-6);
    EXPECT_THROW(entropy_loss(c, tensor_of(c, constant({1, 2, 2, 1}, 3), DType::f32)), Error);
  }
}

struct CycleArrays {
  Array real_a = uniform({1, 3, 4, 3}, -1, -0.5, 11), real_b = uniform({1, 3, 4, 3}, 0.5, 1, 12);

  CycleBatch batch(Context& c, const std::vector<Tensor>& x, bool identity) const {
    CycleBatch b;
    b.real_a = tensor_of(c, real_a, DType::f32);
    b.real_b = tensor_of(c, real_b, DType::f32);
    b.scores_b = x[0], b.scores_a = x[1], b.cycled_a = x[2], b.cycled_b = x[3];
    if (identity) b.same_a = x[4], b.same_b = x[5];
    return b;
  }
  double formula(const std::vector<Array>& x, GanLoss kind, double a, double b, double identity) const {
    double sum = score_formula(x[0], 1, kind) + score_formula(x[1], 1, kind) + a * l1_formula(x[2], real_a) +
                 b * l1_formula(x[3], real_b);
    if (identity != 0) sum += identity * (a * l1_formula(x[4], real_a) + b * l1_formula(x[5], real_b));
    return sum;
  }
};

TEST_F(Losses, CycleGanGenerators) {
  const CycleArrays arrays;
  std::vector<Array> x{uniform({1, 2, 3, 1}, -1, 1, 1), uniform({1, 2, 3, 1}, -1, 1, 2)};
  for (uint64_t i = 3; i < 7; ++i) x.push_back(uniform({1, 3, 4, 3}, -0.4, 0.4, i));  // away from the kinks of |.|
  for (GanLoss kind : {GanLoss::lsgan, GanLoss::bce})
    for (bool identity : {true, false}) {
      if (!identity) x.resize(4);
      const View weights = cycle_weights(c.state(), {.cycle_a = 10, .cycle_b = 5, .identity = identity ? 0.5f : 0.f});
      expect_loss(
          c, x,
          [&](Context& c, std::vector<Tensor>& t) {
            return cycle_generator_loss(c, arrays.batch(c, t, identity), weights, kind).total;
          },
          [&](const std::vector<Array>& x) { return arrays.formula(x, kind, 10, 5, identity ? 0.5 : 0); }, 36);
      if (!identity)
        for (uint64_t i = 5; i < 7; ++i) x.push_back(uniform({1, 3, 4, 3}, -0.4, 0.4, i));
    }
}

TEST_F(Losses, CycleWeightsMoveFromStepToStep) {
  const CycleArrays arrays;
  const View first = cycle_weights(c.state(), {});
  for (float lambda : {10.f, 4.f}) {
    const View weights = cycle_weights(c.state(), {.cycle_a = lambda, .cycle_b = lambda, .identity = 0.25f});
    EXPECT_EQ(weights.data, first.data);  // a recorded step reads the new values
    c.begin_step(0);
    {
      std::vector<Array> x(2, constant({1, 2, 3, 1}, 0.5));
      x.resize(6, constant({1, 3, 4, 3}, 0));
      std::vector<Tensor> t;
      for (const Array& a : x) t.push_back(tensor_of(c, a, DType::f32));
      const CycleLoss loss = cycle_generator_loss(c, arrays.batch(c, t, true), first);
      const double want = arrays.formula(x, GanLoss::lsgan, double(lambda), double(lambda), 0.25);
      EXPECT_NEAR(to_host(loss.total)[0], want, 1e-6 * want);
      EXPECT_NEAR(to_host(loss.cycle_a)[0], l1_formula(x[2], arrays.real_a), 1e-6);  // terms are not weighted
      EXPECT_THROW(cycle_generator_loss(c, arrays.batch(c, t, false), first), Error);
    }
    c.end_step();
  }
}

TEST_F(Losses, ConsistencyAsDivergence) {
  const Array teacher = uniform({2, 3, 4, 5}, -3, 3, 2), weights = uniform({2, 3, 4}, 0, 1, 3);
  expect_loss(
      c, {uniform({2, 3, 4, 5}, -3, 3, 1)},
      [&](Context& c, std::vector<Tensor>& x) {
        Tensor t = tensor_of(c, teacher, DType::f32);
        c.require_grad(t);
        const Tensor loss = kl_consistency(c, x[0], t, tensor_of(c, weights, DType::f32));
        EXPECT_EQ(c.tape().size(), 1u);
        return loss;
      },
      [&](const std::vector<Array>& x) {
        double sum = 0;
        for (int64_t p = 0; p < 24; ++p) {
          const std::vector<double> q = softmax_of(x[0], p), t = softmax_of(teacher, p);
          for (size_t k = 0; k < 5; ++k) sum += weights[p] * t[k] * std::log(t[k] / q[k]);
        }
        return sum / 24;
      },
      24);
}

TEST_F(Losses, ConsistencyAsSquaredDifference) {
  const Array teacher = uniform({2, 3, 4, 5}, -3, 3, 2);
  const View share = c.state().declare<float>("confident_share");
  c.state().set(share, 0.375f);
  for (bool scaled : {false, true})
    expect_loss(
        c, {uniform({2, 3, 4, 5}, -3, 3, 1)},
        [&](Context& c, std::vector<Tensor>& x) {
          Tensor t = tensor_of(c, teacher, DType::f32);
          c.require_grad(t);
          const Tensor loss = squared_consistency(c, x[0], t, scaled ? share : View());
          EXPECT_FALSE(bool(c.grad(t)));
          return loss;
        },
        [&](const std::vector<Array>& x) {
          double sum = 0;
          for (int64_t p = 0; p < 24; ++p) {
            const std::vector<double> q = softmax_of(x[0], p), t = softmax_of(teacher, p);
            for (size_t k = 0; k < 5; ++k) sum += (q[k] - t[k]) * (q[k] - t[k]);
          }
          return (scaled ? 0.375 : 1) * sum / 24;
        },
        120);
}

}  // namespace
}  // namespace segue
