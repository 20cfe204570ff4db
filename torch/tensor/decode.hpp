// Decoding: writing keys and values into a cache, and attention of one new token per sequence over it.
#pragma once
#include "support.h"

using namespace prlhf;

namespace {

// One query head against the cached keys of its sequence; scores is scratch of at least `length` floats.
PRLHF_HOT void attend(const float *q, const float *k, const float *v, int64_t stride, int64_t d, int64_t from, int64_t length,
            float scale, float *scores, float *out) {
  float top = -std::numeric_limits<float>::infinity();
  for (int64_t t = from; t < length; t++) {
    const float *kt = k + t * stride;
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t j = 0; j < d; j++) dot += q[j] * kt[j];
    scores[t] = dot * scale;
    top = std::max(top, scores[t]);
  }
  float sum = 0;
  for (int64_t t = from; t < length; t++) sum += scores[t] = std::exp(scores[t] - top);
  std::fill(out, out + d, 0.0f);
  for (int64_t t = from; t < length; t++) {
    const float *vt = v + t * stride;
    float p = scores[t] / sum;
#pragma omp simd
    for (int64_t j = 0; j < d; j++) out[j] += p * vt[j];
  }
}

// All sequences in one batched product over the longest of them, what lies behind a shorter one masked: a few launches,
// where a GPU would wait for many.
Tensor attend_together(const Tensor &q, const Tensor &k, const Tensor &v, const int64_t *slots, const int64_t *lengths, int n,
                       int64_t window, double scale) {
  int64_t heads = q.size(1), d = q.size(2), kv_heads = k.size(2), longest = *std::max_element(lengths, lengths + n);
  auto places = at::empty({2, n}, at::kLong);
  std::memcpy(places.data_ptr(), slots, sizeof(int64_t) * n);
  std::memcpy(places.data_ptr<int64_t>() + n, lengths, sizeof(int64_t) * n);
  places = places.to(q.device());
  auto slot = places.select(0, 0), length = places.select(0, 1).view({n, 1});
  auto rows = [&](const Tensor &cache) { return cache.narrow(1, 0, longest).index_select(0, slot).transpose(1, 2); }; // [B, Hkv, L, D]
  auto scores = at::matmul(q.view({n, kv_heads, heads / kv_heads, d}), rows(k).transpose(2, 3)) * scale;
  auto at_key = at::arange(longest, places.options()).unsqueeze(0);
  auto hidden = at_key >= length;
  if (window > 0) hidden = hidden.logical_or(at_key < length - window);
  scores.masked_fill_(hidden.view({n, 1, 1, longest}), -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores, -1, at::kFloat).to(q.scalar_type()), rows(v)).flatten(1);
}

} // namespace

extern "C" {

// cache [slots, Lmax, Hkv, D] as [slots * Lmax, Hkv * D]; rows [N, Hkv, D]; slots[i] = slot * Lmax + position.
char *prlhf_cache_write(tensor_t cache, tensor_t rows, const int64_t *slots, int n) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto &c = ref(cache);
    auto index = at::empty({n}, at::kLong);
    std::memcpy(index.data_ptr(), slots, sizeof(int64_t) * n);
    c.flatten(0, 1).index_copy_(0, index.to(c.device()), ref(rows));
  });
}

// q [B, H, D]; caches [slots, Lmax, Hkv, D]; lengths[i] counts the tokens of sequence i, the new one included.
// Returns [B, H * D].
char *prlhf_cached_attention(tensor_t q, tensor_t k_cache, tensor_t v_cache, const int64_t *slots,
                             const int64_t *lengths, int n, int64_t window, double scale, tensor_t *out) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto query = ref(q).contiguous();
    auto &k = ref(k_cache), &v = ref(v_cache);
    int64_t heads = query.size(1), d = query.size(2), kv_heads = k.size(2), longest = k.size(1), group = heads / kv_heads;
    auto first = [&](int64_t i) { return window > 0 ? std::max<int64_t>(0, lengths[i] - window) : int64_t(0); };
    if (query.is_cpu() && query.scalar_type() == at::kFloat) {
      auto result = at::empty({n, heads * d}, query.options());
      const float *qp = query.const_data_ptr<float>(), *kp = k.const_data_ptr<float>(), *vp = v.const_data_ptr<float>();
      float *op = result.data_ptr<float>();
      at::parallel_for(0, n * heads, 1, [&](int64_t from, int64_t to) {
        std::vector<float> scores(longest);
        for (int64_t x = from; x < to; x++) {
          int64_t i = x / heads, h = x % heads;
          int64_t base = (slots[i] * longest * kv_heads + h / group) * d;
          attend(qp + x * d, kp + base, vp + base, kv_heads * d, d, first(i), lengths[i], static_cast<float>(scale),
                 scores.data(), op + x * d);
        }
      });
      *out = give(result);
      return;
    }
    if (query.is_cuda()) {
      *out = give(attend_together(query, k, v, slots, lengths, n, window, scale));
      return;
    }
    std::vector<Tensor> parts; // one sequence after another: no text depends on those beside it
    for (int64_t i = 0; i < n; i++) {
      int64_t from = first(i), len = lengths[i] - from;
      auto run = [&](const Tensor &c) {
        auto rows = c.select(0, slots[i]).narrow(0, from, len); // [len, Hkv, D]
        return rows.unsqueeze(2).expand({len, kv_heads, group, d}).reshape({len, heads, d}).transpose(0, 1);
      };
      auto scores = at::matmul(query.select(0, i).unsqueeze(1), run(k).transpose(1, 2)) * scale;
      parts.push_back(at::matmul(at::softmax(scores, -1, at::kFloat).to(query.scalar_type()), run(v)).flatten());
    }
    *out = give(at::stack(parts));
  });
}

} // extern "C"
