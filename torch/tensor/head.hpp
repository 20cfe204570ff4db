// The output layer on response tokens only: log-prob of each target, in chunks of rows, so that the matrix of
// tokens x vocabulary never exists.
#pragma once
#include "support.h"

namespace prlhf {

static Tensor logits_of(const Tensor &h, const Tensor &w, const Tensor &bias) {
  auto z = at::mm(h, w.t());
  if (z.scalar_type() != at::kDouble) z = z.to(at::kFloat);
  return bias.defined() ? z.add_(bias) : z;
}

// h [R, d], w [V, d], bias [V] or undefined, targets [R] int64 -> log-probs [R] in fp32.
// With a frozen w the forward pass leaves d logp / d h [R, d] and the backward pass is one product with it: each chunk's
// logits are turned into softmax while they are there, two matrix products instead of three.
struct ResponseLogps : torch::autograd::Function<ResponseLogps> {
  static Tensor forward(AutogradContext *ctx, const Tensor &h, const Tensor &w, const std::optional<Tensor> &maybe_bias,
                        const Tensor &targets, int64_t chunk) {
    Tensor bias = maybe_bias.value_or(Tensor());
    bool trained = w.requires_grad() || (bias.defined() && bias.requires_grad());
    bool wanted = h.requires_grad();
    int64_t rows = h.size(0);
    auto out = at::empty({rows}, h.options().dtype(h.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
    Tensor dh = wanted && !trained ? at::empty_like(h) : Tensor();
    for (int64_t at = 0; at < rows; at += chunk) {
      int64_t n = std::min(chunk, rows - at);
      auto z = logits_of(h.narrow(0, at, n), w, bias);
      auto target = targets.narrow(0, at, n);
      auto lse = z.logsumexp(1);
      out.narrow(0, at, n).copy_(z.gather(1, target.unsqueeze(1)).squeeze(1) - lse);
      if (!dh.defined()) continue;
      z.sub_(lse.unsqueeze(1)).exp_();
      auto d = at::mm(z.to(w.scalar_type()), w).neg_().add_(w.index_select(0, target));
      dh.narrow(0, at, n).copy_(d);
    }
    ctx->saved_data["trained"] = trained;
    ctx->saved_data["chunk"] = chunk;
    if (trained)
      ctx->save_for_backward({h, w, bias, targets});
    else
      ctx->save_for_backward({dh});
    return out;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto g = grads[0];
    if (!ctx->saved_data["trained"].toBool())
      return {saved[0] * g.unsqueeze(1).to(saved[0].scalar_type()), Tensor(), Tensor(), Tensor(), Tensor()};
    auto &h = saved[0], &w = saved[1], &bias = saved[2], &targets = saved[3];
    int64_t rows = h.size(0), chunk = ctx->saved_data["chunk"].toInt();
    auto dh = at::empty_like(h), dw = at::zeros_like(w);
    Tensor db = bias.defined() ? at::zeros_like(bias) : Tensor();
    for (int64_t at = 0; at < rows; at += chunk) {
      int64_t n = std::min(chunk, rows - at);
      auto hc = h.narrow(0, at, n);
      auto gc = g.narrow(0, at, n).unsqueeze(1);
      auto z = logits_of(hc, w, bias);
      // d logp / d logits = onehot - softmax
      z.sub_(z.logsumexp(1).unsqueeze(1)).exp_().mul_(gc.neg());
      z.scatter_add_(1, targets.narrow(0, at, n).unsqueeze(1), gc.to(z.scalar_type()));
      if (db.defined()) db.add_(z.sum(0));
      auto zw = z.to(w.scalar_type());
      dh.narrow(0, at, n).copy_(at::mm(zw, w));
      dw.addmm_(zw.t(), hc);
    }
    return {dh, dw, db, Tensor(), Tensor()};
  }
};

} // namespace prlhf

using namespace prlhf;

extern "C" {

char *prlhf_response_logps(tensor_t h, tensor_t w, tensor_t bias, tensor_t targets, int64_t chunk, tensor_t *out) {
  return guarded([&] { *out = give(ResponseLogps::apply(ref(h), ref(w), maybe(bias), ref(targets), chunk)); });
}

char *prlhf_logits(tensor_t h, tensor_t w, tensor_t bias, tensor_t *out) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    *out = give(logits_of(ref(h), ref(w), opt(bias)));
  });
}

} // extern "C"
