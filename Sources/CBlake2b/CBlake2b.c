#include "CBlake2b.h"

#if defined(__x86_64__)
#include <string.h>

#define LANES KBLAKE2B_LANES
#define BLOCK_BYTES 128

// A word of each message.
typedef uint64_t words __attribute__((vector_size(8 * LANES)));
typedef uint8_t octets __attribute__((vector_size(8 * LANES)));

#define INLINE static inline __attribute__((always_inline))
#define EACH(word) ((words){word, word, word, word})

// RFC 7693, section 2.6.
static const uint64_t initial[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// Rotations to the right. Those by whole octets as shuffles: AVX2 has none else.
#define SHUFFLED(word, ...) ((words)__builtin_shufflevector((octets)(word), (octets)(word), __VA_ARGS__))
#define RIGHT_32(word)                                                                                          \
  SHUFFLED(word, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11, 20, 21, 22, 23, 16, 17, 18, 19, 28, 29, 30, \
           31, 24, 25, 26, 27)
#define RIGHT_24(word)                                                                                          \
  SHUFFLED(word, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 19, 20, 21, 22, 23, 16, 17, 18, 27, 28, 29, \
           30, 31, 24, 25, 26)
#define RIGHT_16(word)                                                                                          \
  SHUFFLED(word, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 18, 19, 20, 21, 22, 23, 16, 17, 26, 27, 28, \
           29, 30, 31, 24, 25)
#define RIGHT_63(word) ((word) >> 63 | (word) << 1)

// The mixing function G: RFC 7693, section 3.1.
#define MIX(a, b, c, d, x, y)      \
  do {                             \
    a += b + message[x];           \
    d = RIGHT_32(d ^ a);           \
    c += d;                        \
    b = RIGHT_24(b ^ c);           \
    a += b + message[y];           \
    d = RIGHT_16(d ^ a);           \
    c += d;                        \
    b = RIGHT_63(b ^ c);           \
  } while (0)

// A round of the compression function, with its line of the message schedule.
#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15) \
  do {                                                                              \
    MIX(v[0], v[4], v[8], v[12], s0, s1);                                           \
    MIX(v[1], v[5], v[9], v[13], s2, s3);                                           \
    MIX(v[2], v[6], v[10], v[14], s4, s5);                                          \
    MIX(v[3], v[7], v[11], v[15], s6, s7);                                          \
    MIX(v[0], v[5], v[10], v[15], s8, s9);                                          \
    MIX(v[1], v[6], v[11], v[12], s10, s11);                                        \
    MIX(v[2], v[7], v[8], v[13], s12, s13);                                         \
    MIX(v[3], v[4], v[9], v[14], s14, s15);                                         \
  } while (0)

// Words of four blocks, turned so that each vector has one word of each.
INLINE void turn(words *message, const uint8_t *const blocks[LANES]) {
  for (int i = 0; i < 16; i += 4) {
    words a, b, c, d;
    memcpy(&a, blocks[0] + 8 * i, sizeof a);
    memcpy(&b, blocks[1] + 8 * i, sizeof b);
    memcpy(&c, blocks[2] + 8 * i, sizeof c);
    memcpy(&d, blocks[3] + 8 * i, sizeof d);
    const words even_ab = __builtin_shufflevector(a, b, 0, 4, 2, 6);
    const words even_cd = __builtin_shufflevector(c, d, 0, 4, 2, 6);
    const words odd_ab = __builtin_shufflevector(a, b, 1, 5, 3, 7);
    const words odd_cd = __builtin_shufflevector(c, d, 1, 5, 3, 7);
    message[i] = __builtin_shufflevector(even_ab, even_cd, 0, 1, 4, 5);
    message[i + 1] = __builtin_shufflevector(odd_ab, odd_cd, 0, 1, 4, 5);
    message[i + 2] = __builtin_shufflevector(even_ab, even_cd, 2, 3, 6, 7);
    message[i + 3] = __builtin_shufflevector(odd_ab, odd_cd, 2, 3, 6, 7);
  }
}

// The compression function F: RFC 7693, section 3.2. The upper half of the offset is always 0.
INLINE void compress(words *h, const uint8_t *const blocks[LANES], const words *offset, const words *is_last) {
  words message[16], v[16];
  turn(message, blocks);
  for (int i = 0; i < 8; i++) {
    v[i] = h[i];
    v[i + 8] = EACH(initial[i]);
  }
  v[12] ^= *offset;
  v[14] ^= *is_last;
  ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
  ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4);
  ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8);
  ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13);
  ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9);
  ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11);
  ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10);
  ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5);
  ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0);
  ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
  for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}

INLINE void digest(const void *const *messages, const size_t *lengths, uint8_t *digests) {
  words h[8];
  for (int i = 0; i < 8; i++) h[i] = EACH(initial[i]);
  h[0] ^= EACH(0x01010000 ^ KBLAKE2B_DIGEST_BYTES); // fan-out 1, depth 1, no key: section 2.5
  // The last block of each message, filled up with zeros; a lane whose message has ended goes on with it for nothing.
  uint8_t last[LANES][BLOCK_BYTES] = {{0}};
  int open = LANES;
  for (size_t start = 0; open > 0; start += BLOCK_BYTES) {
    const uint8_t *blocks[LANES];
    words offset = EACH(start + BLOCK_BYTES), is_last = EACH(0);
    bool ends[LANES] = {false};
    for (int i = 0; i < LANES; i++) {
      if (start + BLOCK_BYTES < lengths[i]) {
        blocks[i] = (const uint8_t *)messages[i] + start;
        continue;
      }
      blocks[i] = last[i];
      // An empty message has one block too.
      ends[i] = start < lengths[i] || (start == 0 && lengths[i] == 0);
      if (!ends[i]) continue;
      if (lengths[i] > 0) memcpy(last[i], (const uint8_t *)messages[i] + start, lengths[i] - start);
      offset[i] = lengths[i];
      is_last[i] = UINT64_MAX;
    }
    compress(h, blocks, &offset, &is_last);
    for (int i = 0; i < LANES; i++) {
      if (!ends[i]) continue;
      open--;
      for (int word = 0; word < KBLAKE2B_DIGEST_BYTES / 8; word++) {
        const uint64_t value = h[word][i];
        memcpy(digests + KBLAKE2B_DIGEST_BYTES * i + 8 * word, &value, sizeof value);
      }
    }
  }
}

__attribute__((target("avx2"))) static void digest_avx2(const void *const *messages, const size_t *lengths,
                                                        uint8_t *digests) {
  digest(messages, lengths, digests);
}

__attribute__((target("avx512f,avx512vl"))) static void digest_avx512(const void *const *messages,
                                                                      const size_t *lengths, uint8_t *digests) {
  digest(messages, lengths, digests);
}

bool kblake2b_has(enum kblake2b_instructions instructions) {
  switch (instructions) {
  case KBLAKE2B_AVX2: return __builtin_cpu_supports("avx2");
  case KBLAKE2B_AVX512: return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
  }
  return false;
}

bool kblake2b_digest(enum kblake2b_instructions instructions, const void *const messages[LANES],
                     const size_t lengths[LANES], uint8_t digests[LANES * KBLAKE2B_DIGEST_BYTES]) {
  switch (instructions) {
  case KBLAKE2B_AVX2: digest_avx2(messages, lengths, digests); return true;
  case KBLAKE2B_AVX512: digest_avx512(messages, lengths, digests); return true;
  }
  return false;
}

#else

bool kblake2b_has(enum kblake2b_instructions instructions) {
  (void)instructions;
  return false;
}

bool kblake2b_digest(enum kblake2b_instructions instructions, const void *const messages[KBLAKE2B_LANES],
                     const size_t lengths[KBLAKE2B_LANES], uint8_t digests[KBLAKE2B_LANES * KBLAKE2B_DIGEST_BYTES]) {
  (void)instructions, (void)messages, (void)lengths, (void)digests;
  return false;
}

#endif
