// C interface of our operations beside gotch's. A tensor is an at::Tensor*, as in gotch's own interface, so both can be
// mixed; results are new and owned by the caller. Every function returns NULL, or a malloc'ed message.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void *tensor_t;

// session.hpp: the process, memory, devices
void prlhf_start(int threads);
char *prlhf_version(void);
char *prlhf_cpu_capability(void);
char *prlhf_open_cuda(const char *library);
char *prlhf_cuda_status(int *devices);
char *prlhf_cuda_peak(int64_t *bytes);
char *prlhf_from_blob(const void *data, int dtype, const int64_t *shape, int dims, int device, int to_dtype,
                      tensor_t *out);
char *prlhf_to(tensor_t x, int device, int dtype, tensor_t *out);
char *prlhf_to_host(tensor_t x, int dtype, void *out, int64_t bytes);
char *prlhf_parameter(tensor_t x, tensor_t *out);
char *prlhf_gradient(tensor_t x, tensor_t *out);
char *prlhf_backward(tensor_t y, tensor_t grad);

// optimizer.hpp: one call per step
char *prlhf_grad_norm(tensor_t *params, int n, double *norm);
char *prlhf_scale_grads(tensor_t *params, int n, double factor);
char *prlhf_adamw(tensor_t *params, tensor_t *m, tensor_t *v, int n, int64_t step, double lr, double beta1,
                  double beta2, double eps, double decay);
char *prlhf_adamw_rows(tensor_t param, tensor_t m, tensor_t v, const int64_t *row_steps, double lr, double beta1,
                       double beta2, double eps, double decay);
char *prlhf_zero_grads(tensor_t *params, int n);

// layers.hpp: parts of a decoder layer, with backward
char *prlhf_linear(tensor_t x, tensor_t w, tensor_t bias, tensor_t a, tensor_t b, double scale, double dropout,
                   uint64_t seed, tensor_t *out);
char *prlhf_rms_norm(tensor_t x, tensor_t w, double eps, tensor_t *out);
char *prlhf_layer_norm(tensor_t x, tensor_t w, tensor_t b, double eps, tensor_t *out);
char *prlhf_rope(tensor_t x, tensor_t cos, tensor_t sin, int interleaved, tensor_t *out);
char *prlhf_swiglu(tensor_t gate, tensor_t up, tensor_t *out);
char *prlhf_gelu(tensor_t x, tensor_t *out);

// attention.hpp
char *prlhf_attention(tensor_t q, tensor_t k, tensor_t v, const int64_t *segments, int n, int64_t window, double scale,
                      tensor_t *out);

// head.hpp
char *prlhf_response_logps(tensor_t h, tensor_t w, tensor_t bias, tensor_t targets, int64_t chunk, tensor_t *out);
char *prlhf_logits(tensor_t h, tensor_t w, tensor_t bias, tensor_t *out);

// decode.hpp: generation with a key/value cache
char *prlhf_cache_write(tensor_t cache, tensor_t rows, const int64_t *slots, int n);
char *prlhf_cached_attention(tensor_t q, tensor_t k_cache, tensor_t v_cache, const int64_t *slots,
                             const int64_t *lengths, int n, int64_t window, double scale, tensor_t *out);

#ifdef __cplusplus
}
#endif
