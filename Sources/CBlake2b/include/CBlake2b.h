// BLAKE2b-256 of several messages at once (RFC 7693, without a key). BLAKE2b works on 64-bit words, each step of a
// message waits for the one before, and so one message leaves most of a processor idle. Here each message has one lane of
// a 256-bit register, as in hash_many of Rust's blake2b_simd.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Messages that are digested at once.
#define KBLAKE2B_LANES 4
#define KBLAKE2B_DIGEST_BYTES 32

enum kblake2b_instructions {
  KBLAKE2B_AVX2,
  KBLAKE2B_AVX512, // AVX-512VL: rotations in one instruction, and twice as many registers
};

// Whether this processor has these instructions, and the kernel saves their registers.
bool kblake2b_has(enum kblake2b_instructions instructions);

// The digests of the messages, one behind the other. Each has a length of its own; one without bytes may be NULL.
// Only where kblake2b_has() says so; false, and nothing done, on processors of another kind.
bool kblake2b_digest(enum kblake2b_instructions instructions, const void *const messages[KBLAKE2B_LANES],
                     const size_t lengths[KBLAKE2B_LANES], uint8_t digests[KBLAKE2B_LANES * KBLAKE2B_DIGEST_BYTES]);
