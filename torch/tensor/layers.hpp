// Parts of a decoder layer as autograd functions that save as little and pass over memory as seldom as they can.
#pragma once
#include "support.h"

namespace prlhf {

// What decides whether an element is dropped: 24 bits of a hash of its place under two keys from the site's seed (rounds of
// MurmurHash3's finaliser). The same whenever the same seed comes, so nothing of the mask is stored between forward and backward
// and a resumed run draws what an uninterrupted one would; and the same on every device.
struct Mask {
  uint32_t first, second, threshold; // an element whose 24 bits are below threshold is dropped
  float scale;                       // of those that are kept

  Mask(double p, uint64_t seed) { // SplitMix64
    seed += 0x9e3779b97f4a7c15u;
    seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
    seed = (seed ^ seed >> 27) * 0x94d049bb133111ebu;
    seed ^= seed >> 31;
    first = static_cast<uint32_t>(seed), second = static_cast<uint32_t>(seed >> 32);
    threshold = static_cast<uint32_t>(std::lround(p * (1 << 24))), scale = static_cast<float>(1 / (1 - p));
  }
};

PRLHF_HOT static void drop(const float *x, float *y, int64_t from, int64_t to, Mask m) {
#pragma omp simd
  for (int64_t i = from; i < to; i++) {
    uint32_t h = static_cast<uint32_t>(i) * 0x9e3779b9u + m.first;
    h = (h ^ h >> 16) * 0x85ebca6bu ^ m.second;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    y[i] = (h ^ h >> 16) >> 8 < m.threshold ? 0.0f : x[i] * m.scale;
  }
}

// The same in libtorch's operations, for what is not fp32 on the CPU.
static Tensor dropped_elsewhere(const Tensor &x, Mask m) {
  auto bits = [](uint32_t value) { return at::Scalar(static_cast<int64_t>(value)); };
  auto low = [&](Tensor h) { return h.bitwise_and_(bits(0xffffffffu)); };
  auto mixed = [&](const Tensor &h, int shift, uint32_t factor) { return low((h ^ h.bitwise_right_shift(shift)).mul_(bits(factor))); };
  auto h = low(at::arange(x.numel(), x.options().dtype(at::kLong).requires_grad(false)).mul_(bits(0x9e3779b9u)).add_(bits(m.first)));
  h = mixed(h, 16, 0x85ebca6bu).bitwise_xor_(bits(m.second));
  h = mixed(h, 13, 0xc2b2ae35u);
  auto kept = (h ^ h.bitwise_right_shift(16)).bitwise_right_shift(8).ge(bits(m.threshold)).view(x.sizes());
  return (x * m.scale).mul_(kept);
}

static Tensor dropped(const Tensor &input, double p, int64_t seed) {
  Mask m(p, static_cast<uint64_t>(seed));
  auto x = input.contiguous();
  if (!x.device().is_cpu() || x.scalar_type() != at::kFloat) return dropped_elsewhere(x, m);
  auto y = at::empty_like(x);
  auto from = x.const_data_ptr<float>();
  auto to = y.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), 1 << 15, [&](int64_t begin, int64_t end) { drop(from, to, begin, end, m); });
  return y;
}

// y = x W^T + bias + scale (dropout(x) A^T) B^T. x [N, in], W [out, in], A [r, in], B [out, r]; bias, A and B may be
// undefined. A and B are fp32 masters; the arithmetic is in x's dtype.
struct Linear : torch::autograd::Function<Linear> {
  static Tensor forward(AutogradContext *ctx, const Tensor &x, const Tensor &w, const std::optional<Tensor> &maybe_bias,
                        const std::optional<Tensor> &maybe_a, const std::optional<Tensor> &maybe_b, double scale,
                        double dropout, int64_t seed) {
    Tensor bias = maybe_bias.value_or(Tensor()), a = maybe_a.value_or(Tensor()), b = maybe_b.value_or(Tensor());
    auto cast = [&](const Tensor &t) { return t.defined() && t.scalar_type() != x.scalar_type() ? t.to(x.scalar_type()) : t; };
    auto wx = cast(w);
    auto y = bias.defined() ? at::addmm(cast(bias), x, wx.t()) : at::mm(x, wx.t());
    Tensor u;
    if (a.defined()) {
      u = at::mm(dropout > 0 ? dropped(x, dropout, seed) : x, cast(a).t());
      y.addmm_(u, cast(b).t(), 1, scale);
    }
    // A frozen matrix, its adapter trained or not, needs no more than it has: nothing but the gradient of the input is computed.
    bool needs_x = w.requires_grad() || (a.defined() && a.requires_grad()), needs_u = b.defined() && b.requires_grad();
    ctx->save_for_backward({needs_x ? x : Tensor(), w, a, b, needs_u ? u : Tensor()});
    ctx->saved_data["biased"] = bias.defined();
    ctx->saved_data["scale"] = scale;
    ctx->saved_data["dropout"] = dropout;
    ctx->saved_data["seed"] = seed;
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto &x = saved[0], &w = saved[1], &a = saved[2], &b = saved[3], &u = saved[4];
    auto dy = grads[0].contiguous();
    double scale = ctx->saved_data["scale"].toDouble(), dropout = ctx->saved_data["dropout"].toDouble();
    int64_t seed = ctx->saved_data["seed"].toInt();
    auto cast = [&](const Tensor &t) { return t.scalar_type() != dy.scalar_type() ? t.to(dy.scalar_type()) : t; };
    // Inputs that were not given have no number of their own: A comes behind bias only where there is one.
    bool biased = ctx->saved_data["biased"].toBool();
    size_t at_bias = 2, at_a = biased ? 3 : 2, at_b = at_a + 1;
    Tensor dx, dw, dbias, da, db;
    if (ctx->needs_input_grad(0)) dx = at::mm(dy, cast(w));
    if (ctx->needs_input_grad(1)) dw = at::mm(dy.t(), x).to(w.scalar_type());
    if (biased && ctx->needs_input_grad(at_bias)) dbias = dy.sum(0).to(w.scalar_type());
    if (a.defined()) {
      auto du = at::mm(dy, cast(b)).mul_(scale);
      if (ctx->needs_input_grad(at_a)) da = at::mm(du.t(), dropout > 0 ? dropped(x, dropout, seed) : x).to(a.scalar_type());
      if (ctx->needs_input_grad(at_b)) db = at::mm(dy.t(), u).mul_(scale).to(b.scalar_type());
      if (dx.defined()) {
        if (dropout > 0)
          dx.add_(dropped(at::mm(du, cast(a)), dropout, seed));
        else
          dx.addmm_(du, cast(a));
      }
    }
    return {dx, dw, dbias, da, db, Tensor(), Tensor(), Tensor()};
  }
};

PRLHF_HOT static void norm_rows(const float *x, const float *w, float *y, float *rstd, int64_t from, int64_t to, int64_t d,
                                float eps) {
  for (int64_t i = from; i < to; i++) {
    const float *xi = x + i * d;
    float *yi = y + i * d, sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < d; j++) sum += xi[j] * xi[j];
    float r = rstd[i] = 1.0f / std::sqrt(sum / d + eps);
#pragma omp simd
    for (int64_t j = 0; j < d; j++) yi[j] = xi[j] * r * w[j];
  }
}

PRLHF_HOT static void norm_rows_backward(const float *x, const float *w, const float *rstd, const float *dy, float *dx,
                                         int64_t from, int64_t to, int64_t d) {
  for (int64_t i = from; i < to; i++) {
    const float *xi = x + i * d, *gi = dy + i * d;
    float *oi = dx + i * d, r = rstd[i], dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t j = 0; j < d; j++) dot += gi[j] * w[j] * xi[j];
    float c = dot * r * r * r / d;
#pragma omp simd
    for (int64_t j = 0; j < d; j++) oi[j] = gi[j] * w[j] * r - xi[j] * c;
  }
}

// y = x / rms(x) * w over the last dimension, fp32 on the CPU: one pass forward, one backward.
struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static Tensor forward(AutogradContext *ctx, const Tensor &input, const Tensor &w, double eps) {
    auto x = input.contiguous();
    int64_t rows = x.size(0), d = x.size(1);
    auto y = at::empty_like(x);
    auto rstd = at::empty({rows}, x.options());
    const float *xp = x.const_data_ptr<float>(), *wp = w.const_data_ptr<float>();
    float *yp = y.data_ptr<float>(), *rp = rstd.data_ptr<float>();
    at::parallel_for(0, rows, 16, [&](int64_t from, int64_t to) { norm_rows(xp, wp, yp, rp, from, to, d, static_cast<float>(eps)); });
    ctx->save_for_backward({x, w, rstd});
    return y;
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto &x = saved[0], &w = saved[1], &rstd = saved[2];
    auto dy = grads[0].contiguous();
    int64_t rows = x.size(0), d = x.size(1);
    auto dx = at::empty_like(x);
    const float *xp = x.const_data_ptr<float>(), *wp = w.const_data_ptr<float>(), *rp = rstd.const_data_ptr<float>(),
                *gp = dy.const_data_ptr<float>();
    float *op = dx.data_ptr<float>();
    at::parallel_for(0, rows, 16, [&](int64_t from, int64_t to) { norm_rows_backward(xp, wp, rp, gp, op, from, to, d); });
    Tensor dw;
    if (ctx->needs_input_grad(1)) dw = (dy * x * rstd.unsqueeze(1)).sum(0);
    return {dx, dw, Tensor()};
  }
};

// silu(gate) * up, saving its two inputs only.
struct SwiGLU : torch::autograd::Function<SwiGLU> {
  static Tensor forward(AutogradContext *ctx, const Tensor &gate, const Tensor &up) {
    ctx->save_for_backward({gate, up});
    return at::silu(gate).mul_(up);
  }
  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto &gate = saved[0], &up = saved[1];
    auto dup = at::silu(gate).mul_(grads[0]);
    auto dgate = at::silu_backward(grads[0] * up, gate);
    return {dgate, dup};
  }
};

PRLHF_HOT static void rotate_rows(const float *x, const float *cos, const float *sin, float *y, int64_t from, int64_t to,
                                  int64_t heads, int64_t d, int64_t half, bool interleaved, float sign) {
  for (int64_t i = from; i < to; i++)
    for (int64_t h = 0; h < heads; h++) {
      const float *xi = x + (i * heads + h) * d, *c = cos + i * half, *s = sin + i * half;
      float *yi = y + (i * heads + h) * d;
      if (interleaved) {
#pragma omp simd
        for (int64_t j = 0; j < half; j++) {
          float a = xi[2 * j], b = xi[2 * j + 1], sj = sign * s[j];
          yi[2 * j] = a * c[j] - b * sj;
          yi[2 * j + 1] = b * c[j] + a * sj;
        }
      } else {
#pragma omp simd
        for (int64_t j = 0; j < half; j++) {
          float a = xi[j], b = xi[j + half], sj = sign * s[j];
          yi[j] = a * c[j] - b * sj;
          yi[j + half] = b * c[j] + a * sj;
        }
      }
      std::memcpy(yi + 2 * half, xi + 2 * half, sizeof(float) * (d - 2 * half));
    }
}

// Rotates pairs of the first 2 * cos.size(1) dimensions of each head. x [N, H, D]; cos, sin [N, R/2].
static Tensor rotate(const Tensor &x, const Tensor &cos, const Tensor &sin, bool interleaved, bool back) {
  int64_t half = cos.size(1), n = x.size(0), heads = x.size(1), d = x.size(2);
  if (x.is_cpu() && x.scalar_type() == at::kFloat) {
    auto in = x.contiguous();
    auto out = at::empty_like(in);
    const float *xp = in.const_data_ptr<float>(), *cp = cos.const_data_ptr<float>(), *sp = sin.const_data_ptr<float>();
    float *yp = out.data_ptr<float>();
    at::parallel_for(0, n, 32, [&](int64_t from, int64_t to) {
      rotate_rows(xp, cp, sp, yp, from, to, heads, d, half, interleaved, back ? -1.0f : 1.0f);
    });
    return out;
  }
  auto c = cos.unsqueeze(1).to(x.scalar_type()), s = (back ? sin.neg() : sin).unsqueeze(1).to(x.scalar_type());
  auto turned = x.narrow(2, 0, 2 * half);
  Tensor y;
  if (interleaved) {
    auto p = turned.unflatten(2, {half, 2});
    auto a = p.select(3, 0), b = p.select(3, 1);
    y = at::stack({a * c - b * s, b * c + a * s}, 3).flatten(2);
  } else {
    auto a = turned.narrow(2, 0, half), b = turned.narrow(2, half, half);
    y = at::cat({a * c - b * s, b * c + a * s}, 2);
  }
  return 2 * half == d ? y : at::cat({y, x.narrow(2, 2 * half, d - 2 * half)}, 2);
}

struct Rope : torch::autograd::Function<Rope> {
  static Tensor forward(AutogradContext *ctx, const Tensor &x, const Tensor &cos, const Tensor &sin, bool interleaved) {
    ctx->save_for_backward({cos, sin});
    ctx->saved_data["interleaved"] = interleaved;
    return rotate(x, cos, sin, interleaved, false);
  }
  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    return {rotate(grads[0], saved[0], saved[1], ctx->saved_data["interleaved"].toBool(), true), Tensor(), Tensor(), Tensor()};
  }
};

} // namespace prlhf

using namespace prlhf;

extern "C" {

char *prlhf_linear(tensor_t x, tensor_t w, tensor_t bias, tensor_t a, tensor_t b, double scale, double dropout,
                   uint64_t seed, tensor_t *out) {
  return guarded([&] {
    *out = give(Linear::apply(ref(x), ref(w), maybe(bias), maybe(a), maybe(b), scale, dropout, static_cast<int64_t>(seed >> 1)));
  });
}

char *prlhf_rms_norm(tensor_t x, tensor_t w, double eps, tensor_t *out) {
  return guarded([&] {
    auto &t = ref(x);
    auto weight = ref(w).scalar_type() == t.scalar_type() ? ref(w) : ref(w).to(t.scalar_type());
    if (t.is_cpu() && t.scalar_type() == at::kFloat)
      *out = give(RmsNorm::apply(t, weight, eps));
    else
      *out = give(at::rms_norm(t, {t.size(1)}, weight, eps));
  });
}

char *prlhf_layer_norm(tensor_t x, tensor_t w, tensor_t b, double eps, tensor_t *out) {
  return guarded([&] {
    auto &t = ref(x);
    *out = give(at::layer_norm(t, {t.size(1)}, ref(w).to(t.scalar_type()), ref(b).to(t.scalar_type()), eps));
  });
}

char *prlhf_rope(tensor_t x, tensor_t cos, tensor_t sin, int interleaved, tensor_t *out) {
  return guarded([&] { *out = give(Rope::apply(ref(x), ref(cos), ref(sin), interleaved != 0)); });
}

char *prlhf_swiglu(tensor_t gate, tensor_t up, tensor_t *out) {
  return guarded([&] { *out = give(SwiGLU::apply(ref(gate), ref(up))); });
}

char *prlhf_gelu(tensor_t x, tensor_t *out) {
  return guarded([&] { *out = give(at::gelu(ref(x), "tanh")); });
}

} // extern "C"
