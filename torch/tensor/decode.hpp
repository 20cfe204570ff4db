// Decoding: writing keys and values into a cache, and attention of one new token per sequence over it.
#pragma once
#include "support.h"

using namespace prlhf;

namespace {

// The heads of one sequence over its cached tokens [from, length): `group` query heads for each of `kv_heads` key heads.
struct Walk {
  const float *q, *k, *v; // [kv_heads * group, d]; the first of these heads at token 0, further tokens stride apart
  float *scores, *out;    // scratch of kv_heads * group * length; [kv_heads * group, d]
  int64_t kv_heads, group, d, stride, from, length;
  float scale;
};

// All heads go through the cache together, so that it is read in the order of its addresses: head by head, in small pieces
// far apart, the same arithmetic lasts twice as long. D is w.d where the compiler may know it, else 0.
template <int64_t D> __attribute__((always_inline)) inline void attend_heads(const Walk &w) {
  const int64_t d = D > 0 ? D : w.d, heads = w.kv_heads * w.group;
  for (int64_t t = w.from; t < w.length; t++)
    for (int64_t g = 0; g < w.kv_heads; g++) {
      const float *k = w.k + t * w.stride + g * d;
      for (int64_t h = g * w.group; h < (g + 1) * w.group; h++) {
        const float *q = w.q + h * d;
        float dot = 0;
#pragma omp simd reduction(+ : dot)
        for (int64_t j = 0; j < d; j++) dot += q[j] * k[j];
        w.scores[h * w.length + t] = dot * w.scale;
      }
    }
  for (int64_t h = 0; h < heads; h++) {
    float *s = w.scores + h * w.length, top = -std::numeric_limits<float>::infinity(), sum = 0;
    for (int64_t t = w.from; t < w.length; t++) top = std::max(top, s[t]);
    for (int64_t t = w.from; t < w.length; t++) sum += s[t] = std::exp(s[t] - top);
#pragma omp simd
    for (int64_t t = w.from; t < w.length; t++) s[t] /= sum;
  }
  std::fill(w.out, w.out + heads * d, 0.0f);
  for (int64_t t = w.from; t < w.length; t++)
    for (int64_t g = 0; g < w.kv_heads; g++) {
      const float *v = w.v + t * w.stride + g * d;
      for (int64_t h = g * w.group; h < (g + 1) * w.group; h++) {
        float *out = w.out + h * d, p = w.scores[h * w.length + t];
#pragma omp simd
        for (int64_t j = 0; j < d; j++) out[j] += p * v[j];
      }
    }
}

PRLHF_HOT void attend(const Walk &w) {
  switch (w.d) {
  case 32: return attend_heads<32>(w);
  case 64: return attend_heads<64>(w);
  case 128: return attend_heads<128>(w);
  default: return attend_heads<0>(w);
  }
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
      // A thread takes whole sequences, or parts of their heads where there are fewer sequences than threads.
      int64_t parts = std::min<int64_t>(kv_heads, (at::get_num_threads() + n - 1) / n);
      at::parallel_for(0, n * parts, 1, [&](int64_t from, int64_t to) {
        std::unique_ptr<float[]> scores(new float[heads * longest]);
        for (int64_t x = from; x < to; x++) {
          int64_t i = x / parts, first_kv = kv_heads * (x % parts) / parts, end_kv = kv_heads * (x % parts + 1) / parts;
          int64_t q0 = (i * heads + first_kv * group) * d, k0 = (slots[i] * longest * kv_heads + first_kv) * d;
          attend({qp + q0, kp + k0, vp + k0, scores.get(), op + q0, end_kv - first_kv, group, d, kv_heads * d, first(i),
                  lengths[i], static_cast<float>(scale)});
        }
      });
      *out = give(result);
      return;
    }
    std::vector<Tensor> parts;
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
