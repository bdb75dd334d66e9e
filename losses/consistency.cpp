#include "consistency.h"

namespace segue {

Tensor kl_consistency(Context& c, const Tensor& student, const Tensor& teacher, const Tensor& weights) {
  return kl_div(c, student, teacher, weights);
}

Tensor squared_consistency(Context& c, const Tensor& student, const Tensor& teacher, const View& share) {
  const Tensor minus_teacher = scale(c, softmax(c, teacher.detach()), -1.f);
  const Tensor mean = lsgan(c, add(c, softmax(c, student), minus_teacher), 0.f);
  const Tensor loss = scale(c, mean, float(student.shape().channels()));  // a sum over classes, a mean over pixels
  return share ? weighted_sum(c, {loss}, share) : loss;
}

}  // namespace segue
