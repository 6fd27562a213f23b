#include <zlib.h>

// zlib spells these as macros, which Swift cannot import. 16 stands for gzip's header and trailer
// (RFC 1952); the rest of `windowBits` is the largest distance that is looked back, as a power of two.
static inline int assay_inflate_init(z_stream *stream) { return inflateInit2(stream, 16 + 15); }

static inline int assay_deflate_init(z_stream *stream, int level, int windowBits) {
    return deflateInit2(stream, level, Z_DEFLATED, 16 + windowBits, 8, Z_DEFAULT_STRATEGY);
}
