// The driver of the pretended device (see libcudart.cc): one context, which is always there.
#define EXPORT extern "C" __attribute__((visibility("default")))

static char context;

EXPORT int cuDevicePrimaryCtxGetState(int, unsigned *flags, int *active) {
  *flags = 0;
  *active = 1;
  return 0;
}
EXPORT int cuCtxGetCurrent(void **current) {
  *current = &context;
  return 0;
}
EXPORT int cuCtxSetCurrent(void *) { return 0; }
