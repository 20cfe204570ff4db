// Attention over packed tokens, each query kept within its own sequence.
//
// A segment is six numbers: q_off q_len, then two runs of keys k0_off k0_len k1_off k1_len. The keys are the two runs one
// behind the other, and the queries are the last q_len of those positions, so query i sees the first
// k0_len + k1_len - q_len + i + 1 keys (bottom-right causal). One segment holds a prompt with its first response; a
// second response is a segment of its own whose first run is the same prompt: the prompt is computed once.
#pragma once
#include "support.h"

#include <ATen/SDPBackend.h>

namespace prlhf {

struct Segment {
  int64_t q_off, q_len, k0_off, k0_len, k1_off, k1_len;
  int64_t keys() const { return k0_len + k1_len; }
};

static Segment segment_at(const int64_t *s, int64_t i) {
  s += 6 * i;
  return {s[0], s[1], s[2], s[3], s[4], s[5]};
}

// [N, Hkv, D] -> [1, H, keys, D]: the segment's keys or values, heads repeated for grouped queries.
static Tensor gather(const Tensor &x, const Segment &s, int64_t heads) {
  Tensor rows = x.narrow(0, s.k0_off, s.k0_len);
  if (s.k1_len > 0) rows = at::cat({rows, x.narrow(0, s.k1_off, s.k1_len)});
  int64_t groups = heads / x.size(1);
  if (groups > 1)
    rows = rows.unsqueeze(2).expand({rows.size(0), x.size(1), groups, x.size(2)}).reshape({rows.size(0), heads, x.size(2)});
  return rows.transpose(0, 1).unsqueeze(0);
}

// Adds the gradient of gather's result to dx [N, Hkv, D].
static void scatter(Tensor &dx, const Tensor &grad, const Segment &s) {
  Tensor rows = grad.squeeze(0).transpose(0, 1); // [keys, H, D]
  if (rows.size(1) != dx.size(1))
    rows = rows.reshape({rows.size(0), dx.size(1), rows.size(1) / dx.size(1), rows.size(2)}).sum(2);
  dx.narrow(0, s.k0_off, s.k0_len).add_(rows.narrow(0, 0, s.k0_len));
  if (s.k1_len > 0) dx.narrow(0, s.k1_off, s.k1_len).add_(rows.narrow(0, s.k0_len, s.k1_len));
}

// The additive mask [q_len, keys], or nothing where plain causal attention says the same.
static std::optional<Tensor> mask_of(const Segment &s, int64_t window, const Tensor &q) {
  if (s.q_len == s.keys() && (window <= 0 || window >= s.keys())) return std::nullopt;
  auto options = at::TensorOptions().device(q.device()).dtype(at::kLong);
  auto query = at::arange(s.keys() - s.q_len, s.keys(), options).unsqueeze(1);
  auto key = at::arange(s.keys(), options).unsqueeze(0);
  auto hidden = key > query;
  if (window > 0) hidden = hidden.logical_or(key <= query - window);
  return at::zeros({s.q_len, s.keys()}, q.options().requires_grad(false)).masked_fill_(hidden, -std::numeric_limits<double>::infinity());
}

// q [Nq, H, D], k and v [N, Hkv, D], segments int64 [S, 6] on the CPU -> [Nq, H * D].
struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static Tensor forward(AutogradContext *ctx, const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &segments,
                        int64_t window, double scale) {
    int64_t heads = q.size(1), n = segments.size(0);
    auto out = at::empty_like(q);
    variable_list saved = {q, k, v, segments, out};
    for (int64_t i = 0; i < n; i++) {
      auto s = segment_at(segments.data_ptr<int64_t>(), i);
      auto mask = mask_of(s, window, q);
      auto query = q.narrow(0, s.q_off, s.q_len).transpose(0, 1).unsqueeze(0);
      auto [o, lse] = at::_scaled_dot_product_flash_attention_for_cpu(query, gather(k, s, heads), gather(v, s, heads), 0.0,
                                                                      /*is_causal=*/!mask, mask, scale);
      out.narrow(0, s.q_off, s.q_len).copy_(o.squeeze(0).transpose(0, 1));
      saved.push_back(lse);
    }
    ctx->save_for_backward(saved);
    ctx->saved_data["window"] = window;
    ctx->saved_data["scale"] = scale;
    return out.flatten(1);
  }

  static variable_list backward(AutogradContext *ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto &q = saved[0], &k = saved[1], &v = saved[2], &segments = saved[3], &out = saved[4];
    int64_t heads = q.size(1), n = segments.size(0), window = ctx->saved_data["window"].toInt();
    double scale = ctx->saved_data["scale"].toDouble();
    auto dout = grads[0].reshape(q.sizes());
    auto dq = at::empty_like(q), dk = at::zeros_like(k), dv = at::zeros_like(v);
    for (int64_t i = 0; i < n; i++) {
      auto s = segment_at(segments.data_ptr<int64_t>(), i);
      auto mask = mask_of(s, window, q);
      auto part = [&](const Tensor &t) { return t.narrow(0, s.q_off, s.q_len).transpose(0, 1).unsqueeze(0); };
      auto [gq, gk, gv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
          part(dout), part(q), gather(k, s, heads), gather(v, s, heads), part(out), saved[5 + i], 0.0, !mask, mask, scale);
      dq.narrow(0, s.q_off, s.q_len).copy_(gq.squeeze(0).transpose(0, 1));
      scatter(dk, gk, s);
      scatter(dv, gv, s);
    }
    return {dq, dk, dv, Tensor(), Tensor(), Tensor()};
  }
};

// Any device and dtype, by differentiable operations: what CUDA uses where its flash kernels do not fit, and the
// plain version that tests compare the packed one with.
static Tensor plain_attention(const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &segments, int64_t window,
                              double scale) {
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < segments.size(0); i++) {
    auto s = segment_at(segments.data_ptr<int64_t>(), i);
    auto mask = mask_of(s, window, q);
    auto query = q.narrow(0, s.q_off, s.q_len).transpose(0, 1).unsqueeze(0);
    auto scores = at::matmul(query, gather(k, s, q.size(1)).transpose(2, 3)) * scale;
    if (!mask) mask = at::full({s.q_len, s.q_len}, -std::numeric_limits<double>::infinity(), q.options().requires_grad(false)).triu_(1);
    auto o = at::matmul(at::softmax(scores + *mask, -1), gather(v, s, q.size(1)));
    parts.push_back(o.squeeze(0).transpose(0, 1).flatten(1));
  }
  return at::cat(parts);
}

// Whether CUDA's flash kernels take q: half precision, at most 256 numbers a head, compute capability 8.0 or newer. libtorch
// tells; session.hpp has switched off what it would prefer to them.
static bool flash_fits(const Tensor &q) {
  if (!q.is_cuda()) return false;
  auto one = q.transpose(0, 1).unsqueeze(0);
  return at::_fused_sdp_choice(one, one, one) == static_cast<int64_t>(at::SDPBackend::flash_attention);
}

// One varlen call over all segments, keys gathered behind each other.
static Tensor flash_attention(const Tensor &q, const Tensor &k, const Tensor &v, const Tensor &segments, int64_t window,
                              double scale) {
  std::vector<int64_t> rows;
  std::vector<int32_t> cum_q = {0}, cum_k = {0};
  int64_t max_q = 0, max_k = 0;
  for (int64_t i = 0; i < segments.size(0); i++) {
    auto s = segment_at(segments.data_ptr<int64_t>(), i);
    for (int64_t j = 0; j < s.k0_len; j++) rows.push_back(s.k0_off + j);
    for (int64_t j = 0; j < s.k1_len; j++) rows.push_back(s.k1_off + j);
    cum_q.push_back(cum_q.back() + static_cast<int32_t>(s.q_len));
    cum_k.push_back(cum_k.back() + static_cast<int32_t>(s.keys()));
    max_q = std::max(max_q, s.q_len);
    max_k = std::max(max_k, s.keys());
  }
  auto index = at::tensor(rows, at::kLong).to(q.device());
  auto cq = at::tensor(cum_q, at::kInt).to(q.device()), ck = at::tensor(cum_k, at::kInt).to(q.device());
  // The kernels are for heads of multiples of 8 numbers; zeros behind a head change none of its products.
  int64_t d = q.size(2), pad = (8 - d % 8) % 8;
  auto padded = [&](const Tensor &t) { return pad > 0 ? at::constant_pad_nd(t, {0, pad}) : t; };
  auto out = std::get<0>(at::_flash_attention_forward(padded(q), padded(k.index_select(0, index)), padded(v.index_select(0, index)), cq,
                                                      ck, max_q, max_k, 0.0, /*is_causal=*/true, false, scale,
                                                      window > 0 ? std::optional<int64_t>(window - 1) : std::nullopt));
  return out.narrow(2, 0, d).flatten(1);
}

} // namespace prlhf

using namespace prlhf;

extern "C" char *prlhf_attention(tensor_t q, tensor_t k, tensor_t v, const int64_t *segments, int n, int64_t window,
                                 double scale, tensor_t *out) {
  return guarded([&] {
    auto table = at::empty({n, 6}, at::kLong);
    std::memcpy(table.data_ptr(), segments, sizeof(int64_t) * 6 * n);
    auto &x = ref(q);
    if (x.is_cpu() && x.scalar_type() != at::kDouble)
      *out = give(PackedAttention::apply(x, ref(k), ref(v), table, window, scale));
    else if (flash_fits(x))
      *out = give(flash_attention(x, ref(k), ref(v), table, window, scale));
    else
      *out = give(plain_attention(x, ref(k), ref(v), table, window, scale));
  });
}
