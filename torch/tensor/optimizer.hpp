// Gradient norm, clipping and AdamW for a list of parameters: one call does the work of a whole step.
#pragma once
#include "support.h"

using namespace prlhf;

static std::vector<Tensor> grads_of(tensor_t *params, int n) {
  std::vector<Tensor> grads;
  for (int i = 0; i < n; i++) {
    auto &g = ref(params[i]).mutable_grad();
    // A parameter that no row of this step touched has no gradient yet; AdamW still decays its moments.
    if (!g.defined()) g = at::zeros_like(ref(params[i]).detach());
    grads.push_back(g);
  }
  return grads;
}

extern "C" {

// The L2 norm over all gradients together, summed in double.
char *prlhf_grad_norm(tensor_t *params, int n, double *norm) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    double sum = 0;
    if (n > 0) {
      std::vector<Tensor> squares;
      for (auto &g : grads_of(params, n)) squares.push_back(at::linalg_vector_norm(g, 2, {}, false, at::kDouble).square());
      sum = at::stack(squares).sum().item<double>();
    }
    *norm = std::sqrt(sum);
  });
}

char *prlhf_scale_grads(tensor_t *params, int n, double factor) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto grads = grads_of(params, n);
    at::_foreach_mul_(grads, factor);
  });
}

char *prlhf_adamw(tensor_t *params, tensor_t *m, tensor_t *v, int n, int64_t step, double lr, double beta1,
                  double beta2, double eps, double decay) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    std::vector<Tensor> values, first, second, steps;
    for (int i = 0; i < n; i++) {
      values.push_back(ref(params[i]));
      first.push_back(ref(m[i]));
      second.push_back(ref(v[i]));
      steps.push_back(at::full({}, static_cast<double>(step), values.back().options().dtype(at::kFloat).requires_grad(false)));
    }
    at::_fused_adamw_(values, grads_of(params, n), first, second, {}, steps, lr, beta1, beta2, decay, eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  });
}

char *prlhf_zero_grads(tensor_t *params, int n) {
  return guarded([&] {
    for (int i = 0; i < n; i++) ref(params[i]).mutable_grad() = Tensor();
  });
}

} // extern "C"
