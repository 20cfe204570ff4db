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

// The number of an update, as the fused kernel takes it.
static Tensor count(int64_t step, const Tensor &like) {
  return at::full({}, static_cast<double>(step), like.options().dtype(at::kFloat).requires_grad(false));
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
      steps.push_back(count(step, values.back()));
    }
    at::_fused_adamw_(values, grads_of(params, n), first, second, {}, steps, lr, beta1, beta2, decay, eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  });
}

char *prlhf_adamw_rows(tensor_t param, tensor_t m, tensor_t v, const int64_t *row_steps, double lr, double beta1,
                       double beta2, double eps, double decay) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    std::vector<Tensor> values, grads, first, second, steps;
    auto &p = ref(param);
    auto grad = grads_of(&param, 1)[0];
    int64_t rows = p.size(0), to = 0;
    // Neighbours of the same count are one block: the whole of it, bit by bit prlhf_adamw, where all counts are equal.
    for (int64_t from = 0; from < rows; from = to) {
      for (to = from + 1; to < rows && row_steps[to] == row_steps[from];) to++;
      auto block = [&](const Tensor &t) { return t.narrow(0, from, to - from); };
      values.push_back(block(p));
      grads.push_back(block(grad));
      first.push_back(block(ref(m)));
      second.push_back(block(ref(v)));
      steps.push_back(count(row_steps[from], p));
    }
    at::_fused_adamw_(values, grads, first, second, {}, steps, lr, beta1, beta2, decay, eps, /*amsgrad=*/false,
                      /*maximize=*/false);
  });
}

char *prlhf_zero_grads(tensor_t *params, int n) {
  return guarded([&] {
    for (int i = 0; i < n; i++) ref(params[i]).mutable_grad() = Tensor();
  });
}

} // extern "C"
